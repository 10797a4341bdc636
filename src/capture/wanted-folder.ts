import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SpateError } from '../base/errors.ts'
import type { WantedCapture } from './wanted.ts'

const SUFFIX = '.json'
const VERSION = 1

interface Stored extends WantedCapture {
  readonly version: number
}

/**
 * What is to be followed by this server, one file a capture that only its owner may read, as it may hold tokens. A file
 * is replaced as a whole, and durable when `put` resolves.
 */
export class WantedFolder {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Errors: `storage-failed`; a file that cannot be read is told to `onBad` and left alone. */
  async all(onBad: (name: string, error: SpateError) => void): Promise<Map<string, WantedCapture>> {
    const all = new Map<string, WantedCapture>()
    for (const file of await this.#files()) {
      const name = file.slice(0, -SUFFIX.length)
      try {
        all.set(name, parsed(await readFile(join(this.#path, file), 'utf8')))
      } catch (cause) {
        const error = new SpateError('corrupt', `cannot read ${join(this.#path, file)}: ${messageOf(cause)}`)
        onBad(name, error)
      }
    }
    return all
  }

  async #files(): Promise<string[]> {
    try {
      return (await readdir(this.#path)).filter((file) => file.endsWith(SUFFIX)).sort()
    } catch (cause) {
      if (isMissing(cause)) return []
      throw new SpateError('storage-failed', `cannot read ${this.#path}: ${messageOf(cause)}`, { cause })
    }
  }

  /** Errors: `storage-full`, `storage-failed`. */
  async put(name: string, { kind, settings }: WantedCapture): Promise<void> {
    const file = join(this.#path, name + SUFFIX)
    const stored: Stored = { version: VERSION, kind, settings }
    await this.#tried(file, async () => {
      await mkdir(this.#path, { recursive: true, mode: 0o700 })
      const unfinished = await open(`${file}.new`, 'w', 0o600)
      try {
        await unfinished.writeFile(`${JSON.stringify(stored, undefined, 2)}\n`)
        await unfinished.sync()
      } finally {
        await unfinished.close()
      }
      await chmod(`${file}.new`, 0o600)
      await rename(`${file}.new`, file)
      await this.#sync()
    })
  }

  /** Errors: `storage-failed`. */
  async remove(name: string): Promise<void> {
    const file = join(this.#path, name + SUFFIX)
    await this.#tried(file, async () => {
      await rm(file, { force: true })
      await this.#sync()
    })
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#path, 'r').catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    try {
      await folder?.sync()
    } finally {
      await folder?.close()
    }
  }

  async #tried(file: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
      const code = isFull ? 'storage-full' : 'storage-failed'
      throw new SpateError(code, `cannot write ${file}: ${messageOf(cause)}`, { cause })
    }
  }
}

function parsed(text: string): WantedCapture {
  // Written by `put`.
  const { version, kind, settings } = JSON.parse(text) as Stored
  if (version !== VERSION) throw new Error('it was written by a later release')
  if (typeof kind !== 'string' || typeof settings !== 'object') throw new Error('it names no capture')
  return { kind, settings }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
