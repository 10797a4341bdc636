import { rmSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { messageOf, SpateError } from '../base/errors.ts'
import { exclusiveLock } from './exclusive-lock.ts'

const CARD = 'server.json'

/**
 * A data folder belongs to one process at a time.
 */
export class DataFolder implements Disposable {
  readonly path: string
  readonly #lock: DatabaseSync

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path
    this.#lock = lock
  }

  /** Makes the folder when it is new. Errors: `locked-data` while another process has it, `storage-failed`. */
  static async claim(path: string): Promise<DataFolder> {
    try {
      await mkdir(path, { recursive: true })
    } catch (cause) {
      throw new SpateError('storage-failed', `cannot use the data folder ${path}: ${messageOf(cause)}`, {
        cause,
      })
    }
    const lock = await lockIn(path)
    // Of a server that was killed: the folder is nobody else's now.
    rmSync(join(path, CARD), { force: true })
    return new DataFolder(path, lock)
  }

  /** A secret kept in a file that only its owner may read; made when it is not there. Errors: `storage-failed`. */
  async secret(name: string, make: () => string): Promise<{ value: string; isNew: boolean }> {
    const file = join(this.path, name)
    try {
      const value = (await readFile(file, 'utf8')).trim()
      if (value !== '') return { value, isNew: false }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw new SpateError('storage-failed', `cannot read ${file}: ${messageOf(error)}`, { cause: error })
      }
    }
    const value = make()
    try {
      await writeFile(`${file}.new`, `${value}\n`, { mode: 0o600 })
      await chmod(`${file}.new`, 0o600)
      await rename(`${file}.new`, file)
    } catch (cause) {
      throw new SpateError('storage-failed', `cannot write ${file}: ${messageOf(cause)}`, { cause })
    }
    return { value, isNew: true }
  }

  /** Leaves word of who has the folder, for those who come while it is in use. */
  async announce(url: string): Promise<void> {
    await writeFile(join(this.path, CARD), JSON.stringify({ pid: process.pid, url }))
  }

  [Symbol.dispose](): void {
    rmSync(join(this.path, CARD), { force: true })
    this.#lock.close()
  }
}

async function lockIn(path: string): Promise<DatabaseSync> {
  const lock = exclusiveLock(join(path, 'lock'))
  if (lock !== undefined) return lock
  const owner = await readFile(join(path, CARD), 'utf8')
    .then(ownerOf)
    .catch(() => 'another process')
  throw new SpateError(
    'locked-data',
    `the data folder ${path} is in use by ${owner}; stop it, or choose another folder with SPATE_DATA`,
  )
}

function ownerOf(json: string): string {
  // Written by our own server when it began to listen.
  const { pid, url } = JSON.parse(json) as { pid: number; url: string }
  return `process ${pid} (${url})`
}
