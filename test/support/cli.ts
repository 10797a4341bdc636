import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

export interface CliRun {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs `spate ARGS` to its end, as a user does, on this data folder. */
export async function spate(dataFolder: string, ...args: readonly string[]): Promise<CliRun> {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_DATA: dataFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    collected(child.stdout),
    collected(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr: stderr.toString() }
}

async function collected(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream))
}
