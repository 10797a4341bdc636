import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import type { Batch } from '../batch.ts'
import type { Recorder } from '../recorder.ts'
import { type Applied, CaptureRecordType } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { CaptureBoard, CellsToPaint } from './board.ts'
import type { Chain, Frame } from './chain.ts'
import type { FrameStore } from './frame-store.ts'
import type { FrameCells } from './picture.ts'
import type { PlaceSettings } from './settings.ts'

/** Takes the changed cells of a frame, to ask who changed them. */
export interface Questioner {
  /** Whether all of them will be asked for; else none is. */
  takes(cells: number): boolean
  /** After the frame's `applied` record is durable. */
  ask(frame: Frame, cells: FrameCells, colors: Uint8Array, width: number): void
}

export interface ApplierServices {
  readonly board: CaptureBoard
  readonly frames: FrameStore
  readonly recorder: Pick<Recorder, 'later'>
  readonly applied: Batch<Applied>
  readonly room: Room
  readonly clock: Clock
  readonly random: () => number
  readonly settings: PlaceSettings
  readonly size: () => { readonly width: number; readonly height: number }
  readonly questioner: Questioner
  readonly onError: (error: unknown) => void
}

const FIRST_RETRY_MS = 200
const MOST_RETRY_MS = 10_000

/**
 * Puts the frames of one canvas on the board, in the order of the source's time, whatever order their downloads end in:
 * the next one is waited for until it is there or given up. One that is not linked to what is on the board waits a
 * little longer, as another connection may bring the link; then it is painted all the same, and the next full frame
 * rights what was missed. What is odd about a frame is recorded, then its cells are painted, then an `applied` record
 * says so: who dies in between finds the cells there and paints nothing twice. A log or store that is full is waited for, for ever.
 */
export class Applier {
  readonly #services: ApplierServices
  readonly #chain: () => Chain
  readonly #stop = new AbortController()
  readonly #pace = new Pace()
  /** Applied, but not folded yet. */
  readonly #done = new Set<string>()
  #appliedMs = 0
  #wake = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  /** Why nothing more is applied. */
  stopped: unknown

  /** @param chain as it is now */
  constructor(services: ApplierServices, chain: () => Chain) {
    this.#services = services
    this.#chain = chain
    this.#running = this.#run()
  }

  /** The chain has changed. */
  wake(): void {
    this.#wake.resolve()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    try {
      while (!signal.aborted) {
        this.#wake = Promise.withResolvers<void>()
        const frame = this.#next()
        const waitMs = frame === undefined ? Number.POSITIVE_INFINITY : this.#waitMs(frame)
        if (frame !== undefined && waitMs <= 0) await this.#persist(frame)
        else await this.#sleep(waitMs)
        await this.#pace.turn()
      }
    } catch (error) {
      this.stopped = error
      if (!signal.aborted) this.#services.onError(error)
    }
  }

  async #sleep(ms: number): Promise<void> {
    const cancel = Number.isFinite(ms)
      ? this.#services.clock.after(Math.ceil(ms), () => this.#wake.resolve())
      : undefined
    await this.#wake.promise
    cancel?.()
  }

  /** The earliest; of the same time the diff, which leads to it. */
  #next(): Frame | undefined {
    const { waiting } = this.#chain()
    for (const url of this.#done) if (!waiting.has(url)) this.#done.delete(url)
    let next: Frame | undefined
    for (const frame of waiting.values()) {
      if (this.#done.has(frame.url)) continue
      if (next === undefined || isBefore(frame, next)) next = frame
    }
    return next
  }

  #waitMs(frame: Frame): number {
    const { clock, settings } = this.#services
    const patienceMs = this.#isLinked(frame) ? 0 : frame.arrivedMs + settings.patienceMs - clock.now()
    // A full frame is compared with what all before it gave.
    const mustFold = frame.kind === 'full' && this.#done.size > 0
    return frame.sha256 === '' || mustFold ? Number.POSITIVE_INFINITY : patienceMs
  }

  #isLinked({ kind, timestampMs, previousMs }: Frame): boolean {
    const chain = this.#chain()
    const appliedMs = Math.max(this.#appliedMs, chain.appliedMs)
    if (kind === 'diff') return previousMs <= appliedMs
    if (appliedMs === 0 || timestampMs <= appliedMs) return true
    for (const other of chain.waiting.values()) {
      if (other.kind === 'diff' && other.previousMs <= appliedMs && other.timestampMs > timestampMs)
        return true
    }
    return false
  }

  async #persist(frame: Frame): Promise<void> {
    const { clock, random, room, onError } = this.#services
    const { signal } = this.#stop
    for (let failures = 1; !signal.aborted; failures++) {
      await room.enough(signal)
      if (signal.aborted) return
      try {
        await this.#apply(frame)
        return
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        if (!(error instanceof SpateError && error.retryable)) throw error
      }
      await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
    }
  }

  async #apply(frame: Frame): Promise<void> {
    const { board, frames, recorder, size, questioner, applied } = this.#services
    const { width, height } = size()
    let cells: FrameCells
    try {
      cells = await frames.cells(frame.sha256, width, height)
    } catch (error) {
      if (error instanceof SpateError && error.retryable) throw error
      await this.#giveUp(frame, error)
      return
    }
    const isFull = frame.kind === 'full'
    const { canvas, timestampMs, previousMs } = frame
    const colors = await board.colorsOf(cells, (found) =>
      recorder.later({ type: CaptureRecordType.coloured, body: { canvas, timestampMs, colors: found } }),
    )
    const missing = board.missing(cells, colors, { ...frame, width }, isFull)
    const doubt = isFull ? this.#doubt(frame, missing) : undefined
    if (doubt !== undefined) await recorder.later({ type: CaptureRecordType.rebased, body: doubt })
    crashPoint('capture.before-paint')
    await board.paint(missing, timestampMs)
    crashPoint('capture.after-paint')
    const count = isFull ? missing.count : cells.count
    const asked = !isFull && questioner.takes(count) ? count : 0
    await applied.add({
      canvas,
      timestampMs,
      previousMs: isFull ? Number.NaN : previousMs,
      cells: count,
      asked,
    })
    crashPoint('capture.after-applied')
    this.#done.add(frame.url)
    this.#appliedMs = Math.max(this.#appliedMs, timestampMs)
    if (asked > 0) questioner.ask(frame, cells, colors, width)
  }

  /** Cells that differ although links lead from a full frame to this one. */
  #doubt({ canvas, timestampMs }: Frame, { count }: CellsToPaint) {
    const { coverage } = this.#chain()
    if (count === 0 || !coverage.isWhole(timestampMs)) return undefined
    const fromMs = coverage.lastFullBefore(timestampMs - 1) ?? timestampMs
    return { canvas, fromMs, timestampMs, cells: count }
  }

  /** What was stored cannot be read any more. */
  async #giveUp({ canvas, url, sha256 }: Frame, error: unknown): Promise<void> {
    const { recorder, clock, onError } = this.#services
    onError(error)
    const fetched = { canvas, url, sha256, sizeBytes: 0, atMs: clock.now(), detail: messageOf(error) }
    await recorder.later({
      type: CaptureRecordType.fetched,
      body: { frames: [{ ...fetched, status: 'broken' as const }] },
    })
    this.#done.add(url)
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

function isBefore(a: Frame, b: Frame): boolean {
  if (a.timestampMs !== b.timestampMs) return a.timestampMs < b.timestampMs
  return a.kind === 'diff' && b.kind === 'full'
}
