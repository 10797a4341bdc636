/**
 * Load generators: processes of their own, so that what they cost is not counted as the server's.
 *
 * A generator file is a table of commands given to {@link serve}; the bench starts it with
 * {@link Generator.start} and calls the commands. A generator ends with the bench, by whatever end that comes
 * to, and after {@link LIFE_MS} (an hour where `SPATE_BENCH_LONG=1`) in any case; then the bench fails.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Lifetime } from '../../test/support/tmp.ts'

const LIFE_MS = (process.env.SPATE_BENCH_LONG === '1' ? 60 : 8) * 60_000

/** What a generator can be asked to do. Arguments and results travel as JSON. */
export type Commands = Record<string, (argument: never) => Promise<unknown>>

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

export class Generator<C extends Commands> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #nextId = 1
  #isEnding = false

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => {
      // Only `serve` below sends messages.
      const { id, result, error } = message as Answer
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`a load generator ended (${code ?? signal})`))
      }
      if (this.#isEnding) return
      console.error(`a load generator ended (${code ?? signal})`)
      process.kill(process.pid, 'SIGTERM')
    })
  }

  /** @param file in bench/support */
  static start<C extends Commands>(lifetime: Lifetime, file: string): Generator<C> {
    const child = fork(join(import.meta.dirname, file), { execArgv: process.execArgv })
    const generator = new Generator<C>(child)
    lifetime.after(() => generator.end())
    return generator
  }

  call<K extends keyof C & string>(command: K, argument: Parameters<C[K]>[0]): ReturnType<C[K]> {
    const id = this.#nextId++
    const done = Promise.withResolvers<unknown>()
    this.#waiting.set(id, done)
    this.#child.send({ id, command, argument })
    // The other end runs the command of that name, whose result this is.
    return done.promise as ReturnType<C[K]>
  }

  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** The generator's side. */
export function serve(commands: Commands): void {
  setTimeout(() => process.exit(1), LIFE_MS).unref()
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (message) => {
    // Only `call` above sends messages.
    const { id, command, argument } = message as { id: number; command: string; argument: never }
    try {
      process.send?.({ id, result: await commands[command]?.(argument) } satisfies Answer)
    } catch (error) {
      process.send?.({ id, error: String(error) } satisfies Answer)
    }
  })
}
