import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SpateError } from '../../base/errors.ts'

export interface PublishedFile {
  /** In the folder, with slashes. */
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * A folder that appears under its name once it is whole: until then it is `NAME.part`, which is gone if anything fails.
 * What is only needed meanwhile lies in `NAME.part/.work`. Errors: `conflict` for a folder that holds something,
 * `storage-full`, `storage-failed`, those of the work.
 */
export async function inNewFolder<T>(
  path: string,
  work: (folder: string, workFolder: string) => Promise<T>,
): Promise<T> {
  const part = `${path}.part`
  const workFolder = join(part, '.work')
  try {
    await requireEmpty(path)
    await rm(part, { recursive: true, force: true })
    await mkdir(workFolder, { recursive: true })
    const result = await work(part, workFolder)
    await rm(workFolder, { recursive: true, force: true })
    await rmdir(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    await rename(part, path)
    return result
  } catch (cause) {
    await rm(part, { recursive: true, force: true })
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause
    const code = 'code' in cause && cause.code === 'ENOSPC' ? 'storage-full' : 'storage-failed'
    throw new SpateError(code, `cannot write ${path}: ${messageOf(cause)}`, { cause })
  }
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

/** `SHA256SUMS`, as `sha256sum -c` reads it; lines in the order given. */
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
    if (this.#text.length > 1 << 16) await this.#write()
  }

  async #write(): Promise<void> {
    const text = this.#text
    this.#text = ''
    await this.#file.writeFile(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#write()
    } finally {
      await this.#file.close()
    }
  }
}
