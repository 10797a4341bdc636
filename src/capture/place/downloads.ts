import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { SpateError } from '../../base/errors.ts'
import { Batch } from '../batch.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type Fetched, type FetchStatus } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { Fetch } from '../source/fetch.ts'
import type { Reach } from '../source/reach.ts'
import { type Attempt, attemptFrame } from './attempt.ts'
import type { Frame } from './chain.ts'
import type { FrameStore } from './frame-store.ts'
import type { PlaceSettings } from './settings.ts'

/** Has frames fetched; what becomes of each is told by a `fetched` record. */
export interface FrameFetcher {
  /** A frame that is wanted twice may be fetched twice: that changes nothing. */
  want(frame: Frame): void
  readonly waiting: number
  /** Why a frame was not asked for, the latest; undefined where none was out of reach. */
  readonly foreign: string | undefined
  close(): Promise<void>
}

export interface DownloadServices {
  readonly fetch: Fetch
  readonly reach: Reach
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

const FETCHED_A_RECORD = 512
/** A picture may be told of a moment before it can be had. */
const TRIES_IF_MISSING = 3
const TRIES_IF_EXPIRED = 2
const TRIES_IF_BROKEN = 3
const TRIES_IF_FOREIGN = 1
const FIRST_RETRY_MS = 200
const MOST_RETRY_MS = 10_000

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
  /** Why a frame was not asked for, the latest; undefined where none was out of reach. */
  foreign: string | undefined

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
    if (attempt.status === 'foreign') this.foreign = attempt.detail
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
      const attempt = await attemptFrame(frame.url, this.#services, settings.downloadMs, signal)
      if (attempt.status === 'stored' || signal.aborted || tries >= triesOf(attempt.status, settings))
        return attempt
      await pause(clock, backoffMs(tries, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
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

function triesOf(status: FetchStatus, { downloadTries }: PlaceSettings): number {
  const tries = {
    missing: TRIES_IF_MISSING,
    expired: TRIES_IF_EXPIRED,
    broken: TRIES_IF_BROKEN,
    foreign: TRIES_IF_FOREIGN,
  }
  return status === 'failed' || status === 'stored' ? downloadTries : Math.min(tries[status], downloadTries)
}
