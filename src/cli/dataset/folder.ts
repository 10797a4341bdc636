import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exclusiveLock } from '../../app/exclusive-lock.ts'
import { messageOf, SpateError } from '../../base/errors.ts'

export interface PublishedFile {
  /** In the folder, with slashes. */
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

const LOCK = '.lock'

/**
 * A folder that appears under its name once it is whole: until then it is `NAME.part`, which is gone if anything fails;
 * the next takes the place of one that a killed process left. What is only needed meanwhile lies in `NAME.part/.work`.
 * Errors: `conflict` for a folder that holds something, or that another process is writing, `storage-full`,
 * `storage-failed`, those of the work.
 */
export async function inNewFolder<T>(
  path: string,
  work: (folder: string, workFolder: string) => Promise<T>,
): Promise<T> {
  const part = `${path}.part`
  const workFolder = join(part, '.work')
  try {
    await requireEmpty(path)
    using lock = await claimed(part)
    try {
      await mkdir(workFolder)
      const result = await work(part, workFolder)
      await rm(workFolder, { recursive: true, force: true })
      await rmdir(path).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
      await rm(lock.path)
      await rename(part, path)
      return result
    } catch (cause) {
      await rm(part, { recursive: true, force: true })
      throw cause
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause
    const code = 'code' in cause && cause.code === 'ENOSPC' ? 'storage-full' : 'storage-failed'
    throw new SpateError(code, `cannot write ${path}: ${messageOf(cause)}`, { cause })
  }
}

/** The folder is this process's until it ends, however it ends, and empty but for the lock. */
async function claimed(part: string): Promise<Disposable & { readonly path: string }> {
  await mkdir(part, { recursive: true })
  const path = join(part, LOCK)
  const lock = exclusiveLock(path)
  if (lock === undefined) throw new SpateError('conflict', `${part} is being written by another process`)
  for (const name of await readdir(part))
    if (name !== LOCK) await rm(join(part, name), { recursive: true, force: true })
  return { path, [Symbol.dispose]: () => lock.close() }
}

async function requireEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  if (names.length > 0) throw new SpateError('conflict', `${path} holds something: name a new folder`)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

export async function published(folder: string, name: string): Promise<PublishedFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(join(folder, name)) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { name, bytes, sha256: hash.digest('hex') }
}

/** `SHA256SUMS`, as `sha256sum -c` reads it; lines in the order given, the last of them written by `finish`. */
export class Sums implements AsyncDisposable {
  readonly #file: Awaited<ReturnType<typeof open>>
  #text = ''

  private constructor(file: Awaited<ReturnType<typeof open>>) {
    this.#file = file
  }

  static async create(folder: string): Promise<Sums> {
    return new Sums(await open(join(folder, 'SHA256SUMS'), 'wx'))
  }

  async add(sha256: string, name: string): Promise<void> {
    this.#text += `${sha256}  ${name}\n`
    if (this.#text.length > 1 << 16) await this.finish()
  }

  async finish(): Promise<void> {
    const text = this.#text
    this.#text = ''
    await this.#file.writeFile(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
