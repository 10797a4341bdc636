import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { type Lifetime, tempFolder } from './tmp.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** A server in a process of its own, as a user starts it, on loopback and a data folder of the test's. */
export class ServerProcess {
  readonly dataFolder: string
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #stderr = ''
  #stdout = ''
  url = ''

  private constructor(dataFolder: string, env: Readonly<Record<string, string>>) {
    this.dataFolder = dataFolder
    this.#env = env
  }

  /** Listening when it resolves; ended with the test. */
  static async start(t: Lifetime, env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(env.SPATE_DATA ?? tempFolder(t), env)
    t.after(() => server.end('SIGKILL'))
    await server.start()
    return server
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** What the process said of errors so far. */
  get stderr(): string {
    return this.#stderr
  }

  /** All that the process said besides, its log included. */
  get stdout(): string {
    return this.#stdout
  }

  async adminToken(): Promise<string> {
    return (await readFile(join(this.dataFolder, 'admin-token'), 'utf8')).trim()
  }

  /** Starts again on the same folder and, after the first time, on the same port. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'serve'], {
      env: {
        ...NODE_ENV,
        PATH: process.env.PATH ?? '',
        SPATE_LOG_LEVEL: 'warn',
        ...this.#env,
        SPATE_DATA: this.dataFolder,
        SPATE_PORT: port,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#stderr = ''
    this.#stdout = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString()
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the server ended (${code ?? signal}) before it listened: ${this.#stderr}`)
    })
    this.url = await Promise.race([listening(child), ended])
    ended.catch(() => {})
  }

  /** Resolves when the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** Resolves with how the process ended, by itself or by a crash point. */
  async ended(): Promise<{ code: number | null; signal: string | null }> {
    const child = this.#child
    if (child === undefined) throw new Error('not started')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return { code: child.exitCode, signal: child.signalCode }
  }
}

async function listening(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Spate is at (\S+)/.exec(line)?.[1]
    if (url !== undefined) {
      child.stdout.resume()
      return url
    }
  }
  return new Promise<never>(() => {})
}
