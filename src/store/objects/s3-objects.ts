import { SpateError } from '../../base/errors.ts'
import { isSame, type OpenBody, openBody, PIECE_BYTES } from './bodies.ts'
import { isKey, requireKey, requirePrefix, requireRange } from './keys.ts'
import { type Body, MAX_OBJECT_BYTES, type ObjectEntry, type ObjectStore } from './port.ts'
import { S3Bucket, type S3Limits, type When, type Written } from './s3.ts'
import type { S3Place } from './url.ts'

/** Larger bodies go in parts of this size. */
export const PART_BYTES = PIECE_BYTES
const PARTS_AT_ONCE = 4
/** Of a put whose key is deleted each time between two steps of it. */
const MAX_ROUNDS = 5
/** No key begins with a dot, so the object of the probe is none of the store's. */
const PROBE = '.conditional-writes'

/** What a service honours `If-None-Match: *` for. */
interface Conditions {
  readonly put: boolean
  readonly upload: boolean
}

/**
 * Objects in a bucket of an S3-compatible service, below a prefix.
 *
 * That a put never replaces other bytes is kept by the service: it is asked to write only where nothing is
 * (`If-None-Match: *`), which it must do at once for all writers. Whether it does is tried out before the first
 * put, on an object of the store's own. Where it does so for puts alone, large bodies are put whole. Where it does
 * not at all, the store looks before it writes and lets puts of a key wait for each other; then only one process
 * may write to a prefix.
 *
 * Bodies above {@link PART_BYTES} go in parts; a put that fails aborts them. What a killed process has uploaded
 * stays out of sight, and in the bill, until the bucket's own rule ends unfinished uploads.
 */
export class S3Objects implements ObjectStore {
  readonly #bucket: S3Bucket
  readonly #prefix: string
  readonly #check: () => Promise<void>
  readonly #conditions: () => Promise<Conditions>
  readonly #lastPuts = new Map<string, Promise<void>>()

  constructor(place: S3Place, limits: S3Limits) {
    this.#bucket = new S3Bucket(place, limits)
    this.#prefix = place.prefix
    this.#check = onceDone(() => this.#bucket.check())
    this.#conditions = onceDone(() => probe(this.#bucket, this.#prefix + PROBE))
  }

  async put(key: string, body: Body): Promise<void> {
    requireKey(key)
    await using source = await openBody(body)
    await this.#check()
    const conditions = await this.#conditions()
    if (conditions.put) await this.#put(key, source, conditions)
    else await this.#inTurn(key, () => this.#put(key, source, conditions))
  }

  async get(key: string): Promise<Uint8Array> {
    requireKey(key)
    await this.#check()
    return this.#read(key, 0, undefined)
  }

  async range(key: string, start: number, length: number): Promise<Uint8Array> {
    requireKey(key)
    requireRange(start, length, MAX_OBJECT_BYTES)
    await this.#check()
    if (length > 0) return this.#read(key, start, length)
    if ((await this.#bucket.head(this.#prefix + key)) === undefined) throw notFound(key)
    return new Uint8Array(0)
  }

  async *list(prefix: string): AsyncIterable<ObjectEntry> {
    requirePrefix(prefix)
    await this.#check()
    let next: string | undefined
    do {
      const page = await this.#bucket.list(this.#prefix + prefix, next)
      for (const { key: name, bytes } of page.entries) {
        const key = name.slice(this.#prefix.length)
        if (isKey(key)) yield { key, bytes }
      }
      next = page.next
    } while (next !== undefined)
  }

  async head(key: string): Promise<ObjectEntry | undefined> {
    requireKey(key)
    await this.#check()
    const bytes = await this.#bucket.head(this.#prefix + key)
    return bytes === undefined ? undefined : { key, bytes }
  }

  async delete(key: string): Promise<void> {
    requireKey(key)
    await this.#check()
    await this.#bucket.remove(this.#prefix + key)
  }

  /** Closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.close()
  }

  async #put(key: string, source: OpenBody, conditions: Conditions): Promise<void> {
    const isLarge = source.bytes > PART_BYTES
    const when: When = conditions.put ? 'if absent' : 'always'
    for (let round = 0; round < MAX_ROUNDS; round++) {
      // Spares a large upload for nothing; where the service has no conditions, it is all that there is.
      if ((isLarge || !conditions.put) && (await this.#isStored(key, source))) return
      const written =
        isLarge && conditions.upload === conditions.put
          ? await this.#upload(key, source, when)
          : await this.#bucket.write(this.#prefix + key, await source.read(0, source.bytes), when)
      if (written === 'stored' || (await this.#isStored(key, source))) return
    }
    throw new SpateError('unavailable', `cannot put ${key}: it is deleted each time`)
  }

  async #upload(key: string, source: OpenBody, when: When): Promise<Written> {
    const name = this.#prefix + key
    const id = await this.#bucket.beginUpload(name)
    let isFinished = false
    try {
      const tags = await this.#uploadParts(name, id, source)
      const written = await this.#bucket.finishUpload(name, id, tags, when)
      isFinished = written === 'stored'
      return written
    } finally {
      // What it left unsaid, the put has said already or says by what it finds.
      if (!isFinished) await this.#bucket.abortUpload(name, id).catch(() => {})
    }
  }

  /** In the order of the parts, after all that were begun have ended: an upload can be aborted only then. */
  async #uploadParts(name: string, id: string, source: OpenBody): Promise<string[]> {
    const tags: string[] = []
    const count = Math.ceil(source.bytes / PART_BYTES)
    let next = 0
    const uploadNext = async (): Promise<void> => {
      while (next < count) {
        const part = next++
        const start = part * PART_BYTES
        try {
          const bytes = await source.read(start, Math.min(PART_BYTES, source.bytes - start))
          tags[part] = await this.#bucket.uploadPart(name, id, part + 1, bytes)
        } catch (error) {
          next = count
          throw error
        }
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, uploadNext))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return tags
  }

  /** Whether the same lies there already. Errors: `conflict`. */
  async #isStored(key: string, source: OpenBody): Promise<boolean> {
    const bytes = await this.#bucket.head(this.#prefix + key)
    if (bytes === undefined) return false
    try {
      const same =
        bytes === source.bytes && (await isSame(source, (start, length) => this.#read(key, start, length)))
      if (same) return true
    } catch (error) {
      if (error instanceof SpateError && error.code === 'not-found') return false
      throw error
    }
    throw new SpateError('conflict', `there are other bytes under ${key}`)
  }

  async #read(key: string, start: number, length: number | undefined): Promise<Uint8Array> {
    try {
      return await this.#bucket.read(this.#prefix + key, start, length)
    } catch (error) {
      throw error instanceof SpateError && error.code === 'not-found' ? notFound(key) : error
    }
  }

  async #inTurn(key: string, put: () => Promise<void>): Promise<void> {
    const before = this.#lastPuts.get(key) ?? Promise.resolve()
    const mine = before.catch(() => {}).then(put)
    this.#lastPuts.set(key, mine)
    try {
      await mine
    } finally {
      if (this.#lastPuts.get(key) === mine) this.#lastPuts.delete(key)
    }
  }
}

/** A service either refuses to write over the probe, or does not know the condition, or ignores it. */
async function probe(bucket: S3Bucket, name: string): Promise<Conditions> {
  const bytes = new TextEncoder().encode('spate')
  const first = await bucket.write(name, bytes, 'if absent')
  const put = (first === 'stored' ? await bucket.write(name, bytes, 'if absent') : first) === 'taken'
  if (!put) return { put, upload: false }
  const id = await bucket.beginUpload(name)
  const written = await bucket.finishUpload(
    name,
    id,
    [await bucket.uploadPart(name, id, 1, bytes)],
    'if absent',
  )
  if (written !== 'stored') await bucket.abortUpload(name, id)
  return { put, upload: written === 'taken' }
}

/** Does it for all who ask until it has succeeded once. */
function onceDone<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined
      throw error
    })
    return result
  }
}

function notFound(key: string): SpateError {
  return new SpateError('not-found', `there is no object ${key}`)
}
