/** The requests that {@link S3Objects} is made of. The only file that names the AWS SDK. */
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { assert } from '../../base/assert.ts'
import { SpateError } from '../../base/errors.ts'
import { Gate } from '../../base/gate.ts'
import { MAX_OBJECT_BYTES, type ObjectEntry } from './port.ts'
import { failureOf, s3Error } from './s3-errors.ts'
import type { S3Place } from './url.ts'

export interface S3Limits {
  /** Until there is a connection. */
  readonly connectMs: number
  /** Until an answer begins, from when the request does. */
  readonly answerMs: number
  /** Of a connection on which nothing moves. */
  readonly silenceMs: number
  /** Of each request, the first among them, with growing random pauses of at most 20 s in between. */
  readonly attempts: number
}

/** A part of 8 MiB has its 60 s at 1.2 Mbit/s. */
export const S3_LIMITS: S3Limits = { connectMs: 3000, answerMs: 60_000, silenceMs: 15_000, attempts: 4 }

const REQUESTS_AT_ONCE = 32
const REQUESTS_WAITING = 4096
const FIRST_PAUSE_MS = 100

/** `always` replaces what is there. */
export type When = 'if absent' | 'always'
/** `unsupported`: the service has no such condition; nothing was written. */
export type Written = 'stored' | 'taken' | 'unsupported'

export interface Page {
  readonly entries: readonly ObjectEntry[]
  /** Of the next page; undefined at the end. */
  readonly next: string | undefined
}

/** How far the reading of an object has come. */
interface Download {
  readonly name: string
  readonly start: number
  readonly length: number | undefined
  /** Once there was an answer, of the size that it said. */
  bytes: Uint8Array | undefined
  tag: string | undefined
  filled: number
}

/**
 * One bucket, addressed by the objects' full names. Every request is tried `attempts` times while trying again can
 * help; credentials are those of the SDK's standard chain.
 *
 * Bodies are covered by the signature's SHA-256. The SDK's own checksums are left out, as not every service takes
 * them.
 */
export class S3Bucket {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #attempts: number
  /** The SDK counts the wait for a free connection as time to connect, so requests wait here. */
  readonly #gate = new Gate(REQUESTS_AT_ONCE, REQUESTS_WAITING, 'too many requests wait for the objects')

  constructor({ bucket, endpoint, region }: S3Place, limits: S3Limits) {
    this.#bucket = bucket
    this.#attempts = limits.attempts
    const home = region ?? (endpoint === undefined ? undefined : 'us-east-1')
    this.#client = new S3Client({
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(home === undefined ? {} : { region: home }),
      retryMode: 'standard',
      maxAttempts: limits.attempts,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // It would open a connection for every body.
      expectContinueHeader: false,
      requestHandler: {
        connectionTimeout: limits.connectMs,
        requestTimeout: limits.answerMs,
        throwOnRequestTimeout: true,
        socketTimeout: limits.silenceMs,
        httpAgent: { keepAlive: true, maxSockets: REQUESTS_AT_ONCE },
        httpsAgent: { keepAlive: true, maxSockets: REQUESTS_AT_ONCE },
      },
    })
  }

  /**
   * Speaks to the bucket by a list, whose failure has a name: an absent object, bucket or user may be the same 404
   * to a HEAD. Without the right to list, what follows will tell. Errors: `invalid` if there is no such bucket.
   */
  async check(): Promise<void> {
    const list = new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 })
    try {
      await this.#gate.pass(() => this.#client.send(list))
    } catch (error) {
      if (failureOf(error).name !== 'AccessDenied') throw s3Error(`use the bucket ${this.#bucket}`, error)
    }
  }

  /** Its size. */
  async head(name: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.#ask(`look for ${name}`, () =>
        this.#client.send(new HeadObjectCommand(this.#named(name))),
      )
      return ContentLength ?? 0
    } catch (error) {
      if (error instanceof SpateError && error.code === 'not-found') return undefined
      throw error
    }
  }

  async write(name: string, bytes: Uint8Array, when: When): Promise<Written> {
    return this.#written(`put ${name}`, when, () =>
      this.#client.send(new PutObjectCommand({ ...this.#named(name), Body: bytes, ...conditionOf(when) })),
    )
  }

  /** The id of an upload in parts, which shows nothing until it is finished. */
  async beginUpload(name: string): Promise<string> {
    const { UploadId } = await this.#ask(`begin an upload of ${name}`, () =>
      this.#client.send(new CreateMultipartUploadCommand(this.#named(name))),
    )
    assert(UploadId !== undefined, 'an upload has an id')
    return UploadId
  }

  /** @param number from 1 */
  async uploadPart(name: string, id: string, number: number, bytes: Uint8Array): Promise<string> {
    const { ETag } = await this.#ask(`upload a part of ${name}`, () =>
      this.#client.send(
        new UploadPartCommand({ ...this.#named(name), UploadId: id, PartNumber: number, Body: bytes }),
      ),
    )
    assert(ETag !== undefined, 'a part has a tag')
    return ETag
  }

  /** An upload that is gone may be one that was finished, by an attempt whose answer got lost: it is `taken`. */
  async finishUpload(name: string, id: string, tags: readonly string[], when: When): Promise<Written> {
    const Parts = tags.map((ETag, i) => ({ ETag, PartNumber: i + 1 }))
    const request = { ...this.#named(name), UploadId: id, MultipartUpload: { Parts }, ...conditionOf(when) }
    return this.#written(`finish an upload of ${name}`, when, () =>
      this.#client.send(new CompleteMultipartUploadCommand(request)),
    )
  }

  async abortUpload(name: string, id: string): Promise<void> {
    await this.#ask(`abort an upload of ${name}`, () =>
      this.#client.send(new AbortMultipartUploadCommand({ ...this.#named(name), UploadId: id })),
    )
  }

  /**
   * All of an object from `start` on, or `length` (above 0) of it. A body that breaks off is asked for again from
   * there. Errors: `not-found`, `too-large`.
   */
  async read(name: string, start: number, length: number | undefined): Promise<Uint8Array> {
    const download: Download = { name, start, length, bytes: undefined, tag: undefined, filled: 0 }
    for (let broken = 0; ; broken++) {
      try {
        await this.#gate.pass(() => this.#readOn(download))
        return download.bytes ?? new Uint8Array(0)
      } catch (error) {
        // The SDK has tried requests again itself: what has no status, once there was an answer, is the body.
        const isBody = download.bytes !== undefined && failureOf(error).status === undefined
        if (!isBody || broken + 1 >= this.#attempts) throw s3Error(`get ${name}`, error)
      }
      await pause(Math.random() * FIRST_PAUSE_MS * 2 ** broken)
    }
  }

  async list(prefix: string, next: string | undefined): Promise<Page> {
    const page = await this.#ask(`list ${prefix}`, () =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...(next === undefined ? {} : { ContinuationToken: next }),
        }),
      ),
    )
    const entries = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size }))
    if (page.IsTruncated !== true) return { entries, next: undefined }
    assert(page.NextContinuationToken !== undefined, 'a page that is not the last names the next')
    return { entries, next: page.NextContinuationToken }
  }

  async remove(name: string): Promise<void> {
    await this.#ask(`delete ${name}`, () => this.#client.send(new DeleteObjectCommand(this.#named(name))))
  }

  close(): void {
    this.#client.destroy()
  }

  #named(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: name }
  }

  /** Fills what is missing, or throws. */
  async #readOn(download: Download): Promise<void> {
    const { name, start, length, filled, tag } = download
    const isWhole = length === undefined && start + filled === 0
    const end = length === undefined ? '' : start + length - 1
    const answer = await this.#get({
      ...this.#named(name),
      ...(isWhole ? {} : { Range: `bytes=${start + filled}-${end}` }),
      ...(tag === undefined ? {} : { IfMatch: tag }),
    })
    if (answer === undefined) return
    const { Body, ContentLength, ContentRange, ETag } = answer
    assert(Body instanceof Readable, 'in Node a body is a stream')
    try {
      if (ContentLength === undefined || (!isWhole && ContentRange === undefined)) {
        throw new SpateError('storage-failed', `get ${name}: the service answers without a length or range`)
      }
      download.bytes ??= bytesFor(name, ContentLength)
      download.tag ??= ETag
      for await (const chunk of Body) {
        download.bytes.set(chunk, download.filled)
        download.filled += chunk.length
      }
      if (download.filled < download.bytes.length) {
        throw new SpateError('unavailable', `get ${name}: the body ended early`)
      }
    } finally {
      Body.destroy()
    }
  }

  /** Undefined if the range begins at or past the end. */
  async #get(
    request: ConstructorParameters<typeof GetObjectCommand>[0],
  ): Promise<GetObjectCommandOutput | undefined> {
    try {
      return await this.#client.send(new GetObjectCommand(request))
    } catch (error) {
      if (request.IfMatch === undefined && failureOf(error).status === 416) return undefined
      throw error
    }
  }

  async #ask<T>(what: string, send: () => Promise<T>): Promise<T> {
    try {
      return await this.#gate.pass(send)
    } catch (error) {
      throw s3Error(what, error)
    }
  }

  async #written(what: string, when: When, send: () => Promise<unknown>): Promise<Written> {
    try {
      await this.#gate.pass(send)
      return 'stored'
    } catch (error) {
      const { name, status } = failureOf(error)
      if (name === 'NoSuchUpload') return 'taken'
      if (when === 'if absent' && (status === 409 || status === 412)) return 'taken'
      if (when === 'if absent' && status === 501) return 'unsupported'
      throw s3Error(what, error)
    }
  }
}

function bytesFor(name: string, length: number): Uint8Array {
  if (length <= MAX_OBJECT_BYTES) return new Uint8Array(length)
  throw new SpateError('too-large', `${name} has ${length} bytes; read a range`)
}

function conditionOf(when: When): { IfNoneMatch?: '*' } {
  return when === 'if absent' ? { IfNoneMatch: '*' } : {}
}
