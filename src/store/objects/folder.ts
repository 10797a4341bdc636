import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { messageOf, SpateError } from '../../base/errors.ts'
import { isSame, type OpenBody, openBody, readRange } from './bodies.ts'
import { errnoOf, fileError, isAbsent } from './file-errors.ts'
import { isSegment, requireKey, requirePrefix, requireRange } from './keys.ts'
import { type Body, MAX_OBJECT_BYTES, type ObjectEntry, type ObjectStore } from './port.ts'
import { removeLeftovers, writeUnfinished } from './unfinished.ts'

/** No segment of a key begins with a dot. */
const UNFINISHED = '.unfinished'
/** Beyond this many, folders are synced again when they are next written to. */
const MAX_KNOWN_FOLDERS = 10_000
/** Of a put whose key is deleted, or whose unfinished file is taken away, each time between two steps of it. */
const MAX_ROUNDS = 5
/** To look whether so little is there already costs a good part of writing it, and mostly it is not. */
const SMALL_BYTES = 64 << 10

/**
 * Objects as files below a folder, each at the path of its key. Takes a file system with hard links.
 *
 * A put writes and syncs a file aside, links it to its place, which fails where something lies, and syncs the
 * folders above. So processes that share the folder need no lock. What a killed put leaves aside is removed by
 * the next `open`; should that take a living process's file for one (as it may among containers, which do not
 * see each other), that put writes it again.
 *
 * Unlike S3, a file system cannot hold an object `a` beside an object `a/b`: the second is refused (`invalid`).
 *
 * If a folder cannot be synced, nobody knows what the disk holds: every put and delete from then on is refused
 * (`storage-failed`) until the folder is opened anew.
 */
export class FolderObjects implements ObjectStore {
  readonly #root: string
  readonly #unfinished: string
  /** Relative paths of folders that are durable in those above them. They are never removed. */
  readonly #known = new Set<string>()
  #unsynced: SpateError | undefined

  private constructor(root: string) {
    this.#root = root
    this.#unfinished = join(root, UNFINISHED)
  }

  /** Makes the folder. Errors: `storage-full`, `storage-failed`. */
  static open(path: string): FolderObjects {
    const root = resolve(path)
    try {
      makeDurableFolder(root)
      mkdirSync(join(root, UNFINISHED), { recursive: true })
      removeLeftovers(join(root, UNFINISHED))
    } catch (cause) {
      throw fileError(`open ${root}`, cause)
    }
    return new FolderObjects(root)
  }

  async put(key: string, body: Body): Promise<void> {
    requireKey(key)
    await using source = await openBody(body)
    this.#requireSynced()
    let looks = source.bytes > SMALL_BYTES
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (looks && (await this.#isStored(key, source))) return this.#sync(key)
      const isPublished = await this.#isPublished(key, source).catch((error: unknown) => {
        // What is there already needs no room.
        if (looks) throw error
        return false
      })
      if (isPublished) return this.#sync(key)
      looks = true
    }
    throw new SpateError(
      'storage-failed',
      `cannot put ${key}: it is deleted or its file taken away each time`,
    )
  }

  async get(key: string): Promise<Uint8Array> {
    return this.#read(key, async (file, size) => {
      if (size > MAX_OBJECT_BYTES) throw new SpateError('too-large', `${key} has ${size} bytes; read a range`)
      return readRange(file, 0, size)
    })
  }

  async range(key: string, start: number, length: number): Promise<Uint8Array> {
    requireRange(start, length, MAX_OBJECT_BYTES)
    return this.#read(key, (file, size) =>
      readRange(file, start, Math.max(0, Math.min(length, size - start))),
    )
  }

  async *list(prefix: string): AsyncIterable<ObjectEntry> {
    requirePrefix(prefix)
    yield* this.#below(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix)
  }

  async head(key: string): Promise<ObjectEntry | undefined> {
    requireKey(key)
    try {
      const found = await stat(this.#path(key))
      return found.isFile() ? { key, bytes: found.size } : undefined
    } catch (cause) {
      if (isAbsent(cause)) return undefined
      throw fileError(`read ${key}`, cause)
    }
  }

  async delete(key: string): Promise<void> {
    requireKey(key)
    this.#requireSynced()
    if ((await this.head(key)) === undefined) return
    try {
      await rm(this.#path(key), { force: true })
    } catch (cause) {
      throw fileError(`delete ${key}`, cause)
    }
    await this.#sync(key)
  }

  /** Nothing is held open; operations under way go on. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #path(key: string): string {
    return join(this.#root, key)
  }

  async #read(
    key: string,
    use: (file: FileHandle, bytes: number) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    requireKey(key)
    try {
      await using file = await open(this.#path(key))
      const found = await file.stat()
      if (!found.isFile()) throw notFound(key)
      return await use(file, found.size)
    } catch (cause) {
      if (isAbsent(cause)) throw notFound(key)
      throw fileError(`read ${key}`, cause)
    }
  }

  /** Folders sort as the `/` after their names does, so the keys come in their own order. */
  async *#below(folder: string, prefix: string): AsyncIterable<ObjectEntry> {
    for (const name of await this.#namesIn(folder)) {
      const key = folder + name
      if (!key.startsWith(prefix)) continue
      if (name.endsWith('/')) {
        yield* this.#below(key, prefix)
      } else {
        const entry = await this.head(key)
        if (entry !== undefined) yield entry
      }
    }
  }

  async #namesIn(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true })
      return entries
        .filter(({ name }) => isSegment(name))
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort()
    } catch (cause) {
      if (isAbsent(cause)) return []
      throw fileError(`list ${folder}`, cause)
    }
  }

  /** False if something lies there by now, or the file or the folder is gone. */
  async #isPublished(key: string, source: OpenBody): Promise<boolean> {
    const unfinished = await writeUnfinished(this.#unfinished, source)
    try {
      await this.#makeFolders(key)
      return await this.#link(key, unfinished)
    } catch (cause) {
      throw fileError(`put ${key}`, cause)
    } finally {
      await unlink(unfinished).catch(() => {})
    }
  }

  /** Whether the same lies there already. Errors: `conflict`. */
  async #isStored(key: string, source: OpenBody): Promise<boolean> {
    const found = await this.head(key)
    if (found === undefined) return false
    try {
      const same =
        found.bytes === source.bytes &&
        (await isSame(source, (start, length) => this.range(key, start, length)))
      if (same) return true
    } catch (error) {
      if (error instanceof SpateError && error.code === 'not-found') return false
      throw error
    }
    throw new SpateError('conflict', `there are other bytes under ${key}`)
  }

  async #link(key: string, unfinished: string): Promise<boolean> {
    const path = this.#path(key)
    try {
      await link(unfinished, path)
      return true
    } catch (cause) {
      const errno = errnoOf(cause)
      if (errno === 'ENOENT') this.#known.clear()
      else if (errno !== 'EEXIST') throw cause
      else if ((await stat(path)).isDirectory()) throw inTheWayOf(key, cause)
      return false
    }
  }

  async #makeFolders(key: string): Promise<void> {
    for (const folder of foldersOf(key)) {
      if (this.#known.has(folder)) continue
      try {
        await mkdir(join(this.#root, folder))
      } catch (cause) {
        const errno = errnoOf(cause)
        if (errno === 'ENOTDIR') throw inTheWayOf(key, cause)
        if (errno !== 'EEXIST') throw cause
        if (!(await stat(join(this.#root, folder))).isDirectory()) throw inTheWayOf(key, cause)
      }
    }
  }

  /** Makes the names on the way to a key durable, also those that another process may just have made. */
  async #sync(key: string): Promise<void> {
    const folders = foldersOf(key)
    await this.#syncFolder(folders.at(-1) ?? '')
    for (const folder of folders) {
      if (this.#known.has(folder)) continue
      await this.#syncFolder(dirname(folder))
      if (this.#known.size >= MAX_KNOWN_FOLDERS) this.#known.clear()
      this.#known.add(folder)
    }
  }

  async #syncFolder(folder: string): Promise<void> {
    await using opened = await open(join(this.#root, folder)).catch((cause: unknown) => {
      throw fileError(`open ${folder}`, cause)
    })
    try {
      await opened.sync()
    } catch (cause) {
      this.#unsynced = new SpateError(
        'storage-failed',
        `${this.#root} could not be synced to disk (${messageOf(cause)}); restart after checking the disk`,
        { cause },
      )
      throw this.#unsynced
    }
  }

  #requireSynced(): void {
    if (this.#unsynced !== undefined) throw this.#unsynced
  }
}

/** Makes a folder that no loss of power takes away again. */
function makeDurableFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    syncFolder(dirname(made))
    if (made === first) return
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** `a`, `a/b` for `a/b/c`. */
function foldersOf(key: string): string[] {
  const segments = key.split('/')
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'))
}

function notFound(key: string): SpateError {
  return new SpateError('not-found', `there is no object ${key}`)
}

function inTheWayOf(key: string, cause: unknown): SpateError {
  return new SpateError('invalid', `${key} is the folder of objects, or lies below one`, { cause })
}
