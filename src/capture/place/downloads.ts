import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { Batch } from '../batch.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type Fetched, type FetchStatus } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { Frame } from './chain.ts'
import type { FrameStore } from './frame-store.ts'
import type { FrameCells } from './picture.ts'
import type { PlaceSettings } from './settings.ts'
import type { Fetch } from './token.ts'

/** Has frames fetched; what becomes of each is told by a `fetched` record. */
export interface FrameFetcher {
  /** A frame that is wanted twice may be fetched twice: that changes nothing. */
  want(frame: Frame): void
  readonly waiting: number
  close(): Promise<void>
}

export interface DownloadServices {
  readonly fetch: Fetch
  readonly frames: FrameStore
  readonly recorder: Pick<Recorder, 'later'>
  readonly room: Room
  readonly clock: Clock
  readonly random: () => number
  readonly settings: PlaceSettings
  /** Of the canvases, as the source's configuration says now. */
  readonly size: () => { readonly width: number; readonly height: number }
  readonly onError: (error: unknown) => void
}

const MAX_FRAME_BYTES = 16 << 20
const FETCHED_A_RECORD = 512
/** A picture may be told of a moment before it can be had. */
const TRIES_IF_MISSING = 3
const TRIES_IF_EXPIRED = 2
const TRIES_IF_BROKEN = 3
const FIRST_RETRY_MS = 200
const MOST_RETRY_MS = 10_000

type Attempt =
  | { readonly status: 'stored'; readonly bytes: Uint8Array; readonly cells: FrameCells }
  | { readonly status: Exclude<FetchStatus, 'stored'>; readonly detail: string; readonly bytes?: Uint8Array }

/**
 * Downloads frames, a few at once, in the order in which they were wanted, each with its tries. The bytes are durable in
 * the store before the record that says so. A store that is full or away is waited for, for ever, without using up tries.
 */
export class Downloads implements FrameFetcher {
  readonly #services: DownloadServices
  readonly #queue: Frame[] = []
  readonly #stop = new AbortController()
  readonly #fetched: Batch<Fetched>
  readonly #running = new Set<Promise<void>>()
  #lanes = 0

  constructor(services: DownloadServices) {
    this.#services = services
    this.#fetched = new Batch(services.recorder, FETCHED_A_RECORD, (frames) => ({
      type: CaptureRecordType.fetched,
      body: { frames },
    }))
  }

  get waiting(): number {
    return this.#queue.length + this.#lanes
  }

  want(frame: Frame): void {
    this.#queue.push(frame)
    if (this.#lanes >= this.#services.settings.downloads) return
    this.#lanes += 1
    const lane = this.#lane().finally(() => this.#running.delete(lane))
    this.#running.add(lane)
  }

  async #lane(): Promise<void> {
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      try {
        await this.#download(frame)
      } catch (error) {
        // It stays pending, and is fetched after the next start.
        if (!this.#stop.signal.aborted) this.#services.onError(error)
      }
      if (this.#stop.signal.aborted) break
    }
    // In the same step as the look at the queue, so that no frame comes in between.
    this.#lanes -= 1
  }

  async #download(frame: Frame): Promise<void> {
    const { room, clock, frames } = this.#services
    const { signal } = this.#stop
    await room.enough(signal)
    const attempt = await this.#tried(frame)
    if (signal.aborted) return
    const bytes = attempt.bytes ?? new Uint8Array(0)
    const sha256 = bytes.length > 0 ? await this.#store(bytes) : ''
    if (attempt.status === 'stored') frames.keep(sha256, attempt.cells)
    crashPoint('capture.after-object')
    if (signal.aborted) return
    await this.#fetched.add({
      canvas: frame.canvas,
      url: frame.url,
      status: attempt.status,
      sha256,
      sizeBytes: bytes.length,
      atMs: clock.now(),
      detail: attempt.status === 'stored' ? '' : attempt.detail,
    })
  }

  async #tried(frame: Frame): Promise<Attempt> {
    const { settings, clock, random } = this.#services
    const { signal } = this.#stop
    for (let tries = 1; ; tries++) {
      const attempt = await this.#attempt(frame)
      if (attempt.status === 'stored' || signal.aborted || tries >= triesOf(attempt.status, settings))
        return attempt
      await pause(clock, backoffMs(tries, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
    }
  }

  async #attempt({ url }: Frame): Promise<Attempt> {
    const { fetch, settings, size, frames } = this.#services
    let bytes: Uint8Array
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(settings.downloadMs)])
      const response = await fetch(url, { signal })
      if (!response.ok) {
        await response.body?.cancel()
        return { status: statusOf(response.status), detail: `HTTP ${response.status}` }
      }
      bytes = await bounded(response)
    } catch (error) {
      return { status: 'failed', detail: messageOf(error) }
    }
    try {
      const cells = await frames.decode(bytes)
      const { width, height } = size()
      if (cells.width <= width && cells.height <= height) return { status: 'stored', bytes, cells }
      // It would lie over its neighbours. Where the canvases have grown, that is known with the next try.
      return { status: 'broken', detail: `larger than ${width} × ${height}`, bytes }
    } catch (error) {
      // Not for the picture to answer for.
      if (error instanceof SpateError && error.retryable)
        return { status: 'failed', detail: messageOf(error) }
      return { status: 'broken', detail: messageOf(error), bytes }
    }
  }

  async #store(bytes: Uint8Array): Promise<string> {
    const { frames, clock, random, room, onError } = this.#services
    const { signal } = this.#stop
    for (let failures = 1; ; failures++) {
      try {
        return await frames.put(bytes)
      } catch (error) {
        onError(error)
        if (!(error instanceof SpateError && error.retryable) || signal.aborted) throw error
      }
      await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
      await room.enough(signal)
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#queue.length = 0
    await Promise.all(this.#running)
  }
}

function statusOf(httpStatus: number): Exclude<FetchStatus, 'stored' | 'broken'> {
  if (httpStatus === 404 || httpStatus === 410) return 'missing'
  return httpStatus === 401 || httpStatus === 403 ? 'expired' : 'failed'
}

function triesOf(status: FetchStatus, { downloadTries }: PlaceSettings): number {
  const tries = { missing: TRIES_IF_MISSING, expired: TRIES_IF_EXPIRED, broken: TRIES_IF_BROKEN }
  return status === 'failed' || status === 'stored' ? downloadTries : Math.min(tries[status], downloadTries)
}

async function bounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_FRAME_BYTES) throw new SpateError('too-large', `a frame above ${MAX_FRAME_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
