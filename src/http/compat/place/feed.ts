import type { Clock } from '../../../base/clock.ts'
import { SpateError } from '../../../base/errors.ts'
import type { Gate } from '../../../base/gate.ts'
import type { Canvas } from '../../../boards/canvas/canvas.ts'
import type { Area } from '../../../boards/canvas/geometry.ts'
import type { Renderer } from '../../../boards/render/renderer.ts'
import { Announcement } from './announcement.ts'
import { type FrameKind, frameName } from './frame-name.ts'
import { cellsGained, diffPixels, type FramePixels, fullPixels } from './frame-pixels.ts'
import type { FrameStore } from './frame-store.ts'
import { PendingCells } from './pending-cells.ts'

/** Between two frames; what changes meanwhile is in one. */
const INTERVAL_MS = 125
/** Between two full frames to all, while the canvas changes. */
const FULL_EVERY_MS = 60_000
/** When somebody who does not read is looked at again. */
const RETRY_MS = 500

export interface FrameReader {
  hasRoom(): boolean
  /** False when there is no room: the reader is given a full frame when there is. */
  take(announcement: Announcement): boolean
}

export interface FeedServices {
  readonly clock: Clock
  readonly renderer: Pick<Renderer, 'png'>
  readonly frames: FrameStore
  /** Canvases whose frames are being made at once; the others go on gathering changes. */
  readonly turns: Gate
}

/** What a frame showed: the board's position, and the time that it was given out under. */
export interface Head {
  readonly position: number
  readonly timestampMs: number
}

/**
 * One canvas as frames. A reader is given a full frame, then every change as a chain of diffs, each of which names
 * the frame before it. All that a tick sends shows the canvas at one moment: a full frame and a diff of the same
 * timestamp show the same, so who begins there goes on with the next diff. Every change is in a diff: a full frame in between
 * tells nothing new.
 *
 * A frame is told of once its image can be fetched. What could not be encoded is in the next one. A frame's
 * timestamp is the time of the log's last record; where that is not later than the frame before, a millisecond
 * after that.
 */
export class CanvasFeed {
  readonly index: number
  readonly #canvas: Canvas
  readonly #services: FeedServices
  readonly #pending = new PendingCells()
  /** In the chain, or waiting for a full frame. */
  readonly #readers = new Map<FrameReader, 'chained' | 'waiting'>()
  #area: Area | undefined
  #head: Head | undefined
  /** The full frame of the head's moment, if there is one. */
  #full: Announcement | undefined
  #hasBegun = false
  /** The board has another extent than in the last frame. */
  #isReshaped = false
  #isWorking = false
  #cancelTick: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  #tickedMs = Number.NEGATIVE_INFINITY
  #fullToAllMs: number

  /** @param head of the canvas's last frame, whoever was given it */
  constructor(index: number, canvas: Canvas, head: Head | undefined, services: FeedServices) {
    this.index = index
    this.#canvas = canvas
    this.#head = head
    this.#services = services
    this.#fullToAllMs = services.clock.elapsedMs()
  }

  get head(): Head | undefined {
    return this.#head
  }

  get readers(): number {
    return this.#readers.size
  }

  join(reader: FrameReader): void {
    this.#readers.set(reader, 'waiting')
    this.#arm()
  }

  leave(reader: FrameReader): void {
    this.#readers.delete(reader)
  }

  /** @param cell by {@link cellNumber} */
  changed(cell: number): void {
    this.#pending.add(cell)
    this.#arm()
  }

  /** All colours are others now. */
  changedEverywhere(): void {
    this.#pending.addEverything()
    this.#arm()
  }

  /**
   * Where the canvas lies; undefined: the board has none of this number (any more), and nothing is sent. Cells that
   * the board has gained are changes.
   */
  lies(area: Area | undefined, before: Area, extent: Area): void {
    const known = this.#area
    this.#area = area
    if (area === undefined) return
    if (known === undefined) for (const reader of this.#readers.keys()) this.#readers.set(reader, 'waiting')
    else for (const cell of cellsGained(area, before, extent)) this.#pending.add(cell)
    // What the board has lost is said by a full frame alone.
    this.#isReshaped = true
    this.#arm()
  }

  #arm(): void {
    if (this.#isWorking || this.#cancelTick !== undefined || this.#area === undefined) return
    const isWanted = this.#readers.size > 0 && (this.#isReshaped || !this.#pending.isEmpty)
    const waiting = this.#inState('waiting')
    const { clock } = this.#services
    if (isWanted || waiting.some((reader) => reader.hasRoom())) {
      const dueMs = this.#tickedMs + INTERVAL_MS - clock.elapsedMs()
      this.#cancelTick = clock.after(Math.max(0, dueMs), () => {
        this.#cancelTick = undefined
        void this.#tick()
      })
    } else if (waiting.length > 0) {
      this.#cancelRetry ??= clock.after(RETRY_MS, () => {
        this.#cancelRetry = undefined
        this.#arm()
      })
    }
  }

  async #tick(): Promise<void> {
    this.#isWorking = true
    try {
      await this.#services.turns.pass(async () => {
        this.#tickedMs = this.#services.clock.elapsedMs()
        if (this.#area !== undefined) await this.#send(this.#area)
      })
    } catch (error) {
      // Nothing is lost: it is in the next frame.
      if (!(error instanceof SpateError)) throw error
      this.#tickedMs = this.#services.clock.elapsedMs()
    } finally {
      this.#isWorking = false
      this.#arm()
    }
  }

  /** Errors: those of the encoder; then what was to be told is still to be told. */
  async #send(area: Area): Promise<void> {
    if (this.#readers.size === 0) return
    const { info, chunks } = this.#canvas
    const chunk = (index: number): Uint8Array | undefined => chunks[index]?.colors
    const hasChanged = !this.#pending.isEmpty
    const isReshaped = this.#isReshaped
    const hasNews = hasChanged || isReshaped
    const chained = this.#inState('chained')
    const waiting = this.#inState('waiting').filter((reader) => reader.hasRoom())
    if (!hasNews && waiting.length === 0) return
    const isFullDue = isReshaped || (hasChanged && this.#tickedMs - this.#fullToAllMs >= FULL_EVERY_MS)
    const head = this.#nextHead(hasNews)
    const previousMs = this.#head?.timestampMs ?? head.timestampMs
    this.#isReshaped = false
    const cells = this.#pending.take()
    const diff =
      hasChanged && chained.length > 0
        ? ((cells === 'everything' ? undefined : diffPixels(area, info, chunk, cells)) ??
          fullPixels(area, info, chunk))
        : undefined
    const known = hasNews ? undefined : this.#keptFull()
    const isFullWanted = waiting.length > 0 || isFullDue
    const full = isFullWanted && known === undefined ? fullPixels(area, info, chunk) : undefined
    let told: [Announcement | undefined, Announcement | undefined]
    try {
      told = await Promise.all([
        diff && this.#encoded('diff', diff, head.timestampMs, previousMs),
        full ? this.#encoded('full', full, head.timestampMs, previousMs) : known,
      ])
    } catch (error) {
      this.#pending.addAll(cells)
      this.#isReshaped ||= isReshaped
      throw error
    }
    const [diffTold, fullTold] = told
    this.#head = head
    this.#hasBegun = true
    this.#full = fullTold
    if (diffTold !== undefined) for (const reader of chained) this.#give(reader, diffTold, 'chained')
    if (fullTold === undefined) return
    for (const reader of waiting) this.#give(reader, fullTold, 'waiting')
    if (!isFullDue) return
    this.#fullToAllMs = this.#tickedMs
    for (const reader of chained) this.#give(reader, fullTold, 'chained')
  }

  #inState(wanted: 'chained' | 'waiting'): FrameReader[] {
    return [...this.#readers].filter(([, state]) => state === wanted).map(([reader]) => reader)
  }

  /** Unless the reader has left, or fallen out of the chain, while the frame was made. */
  #give(reader: FrameReader, announcement: Announcement, from: 'chained' | 'waiting'): void {
    if (this.#readers.get(reader) !== from) return
    this.#readers.set(reader, reader.take(announcement) ? 'chained' : 'waiting')
  }

  /** The full frame of this moment, if it can still be fetched. */
  #keptFull(): Announcement | undefined {
    const told = this.#full?.told
    const isKept = told?.kind === 'full' && this.#services.frames.get(told.file) !== undefined
    return isKept ? this.#full : undefined
  }

  #nextHead(hasNews: boolean): Head {
    const { position, timeMs } = this.#canvas
    const last = this.#head
    if (last === undefined) return { position, timestampMs: timeMs }
    const isSame = this.#hasBegun ? !hasNews : position === last.position
    if (isSame) return last
    return { position, timestampMs: Math.max(timeMs, last.timestampMs + 1) }
  }

  async #encoded(
    kind: FrameKind,
    { pixels, width, height, palette, transparent }: FramePixels,
    timestampMs: number,
    previousMs: number,
  ): Promise<Announcement> {
    const { renderer, frames } = this.#services
    const png = await renderer.png(pixels, width, height, palette, transparent)
    const file = frameName(timestampMs, this.index, kind, png)
    frames.put(file, png)
    return new Announcement({ kind, file, timestampMs, previousMs })
  }

  [Symbol.dispose](): void {
    this.#cancelTick?.()
    this.#cancelRetry?.()
    this.#readers.clear()
  }
}
