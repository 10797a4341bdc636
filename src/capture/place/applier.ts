import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { wrap } from '../../boards/canvas/geometry.ts'
import type { Batch } from '../batch.ts'
import { persist } from '../persist.ts'
import type { Recorder } from '../recorder.ts'
import { type Applied, CaptureRecordType, type Changed } from '../records.ts'
import type { Room } from '../room.ts'
import type { AskKind } from './ask-limit.ts'
import type { CaptureBoard, CellsToPaint } from './board.ts'
import type { Chain, Frame } from './chain.ts'
import type { FrameStore } from './frame-store.ts'
import { encodeCells, type FrameCells } from './picture.ts'
import type { PlaceSettings } from './settings.ts'

/** Takes the changed cells of a frame, to ask who changed them. */
export interface Questioner {
  /** Whether so many cells of such a frame can be asked for now; of a late one it is now or never. */
  takes(kind: AskKind, cells: number): boolean
  /** After the frame's `applied` record is durable. */
  ask(frame: Frame, cells: FrameCells): void
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
  readonly questioner: Questioner
  readonly onError: (error: unknown) => void
}

/** Frames painted by one append at most, and the cells after which no more are added. */
const FRAMES_A_RUN = 128
const CELLS_A_RUN = 131_072

/** A frame ready to be painted. */
interface Ready {
  readonly frame: Frame
  readonly missing: CellsToPaint
  /** Cells that it changes. */
  readonly count: number
  /** Of which the authors are asked for. */
  readonly asked: FrameCells | undefined
}

/**
 * Puts the frames of one canvas on the board, in the order of the source's time, whatever order their downloads end in:
 * the next one is waited for until it is there or given up. One that is not linked to what is on the board waits a
 * little longer, as another connection may bring the link; then it is painted all the same, and the next full frame
 * rights what was missed. Diffs that became ready while others were painted share the next append.
 *
 * What is odd about a frame is recorded, then its cells are painted, then an `applied` record says so: who dies in
 * between finds the cells there and paints nothing twice. A log or store that is full is waited for, for ever.
 */
export class Applier {
  readonly #services: ApplierServices
  readonly #chain: Chain
  readonly #stop = new AbortController()
  readonly #pace = new Pace()
  /** In the order in which they are to be applied. */
  readonly #queue: Frame[]
  /** Applied, but not folded yet. */
  readonly #unfolded = new Set<string>()
  /** Of frames that are not applied yet, by timestamp. */
  readonly #changed: Map<number, Changed>
  #appliedMs = 0
  /** No cell of the canvas is later than this or what was applied; undefined where that is not known. */
  #paintedMs: number | undefined
  #wake = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  /** Why nothing more is applied. */
  stopped: unknown

  constructor(services: ApplierServices, chain: Chain) {
    this.#services = services
    this.#chain = chain
    this.#queue = [...chain.waiting.values()].sort(order)
    this.#changed = new Map(chain.changed)
    this.#running = this.#run()
  }

  /** A frame that the chain has; once is enough. */
  offer(frame: Frame): void {
    let at = this.#queue.length
    while (at > 0 && order(frame, this.#queue[at - 1]!) < 0) at -= 1
    for (let same = at - 1; same >= 0 && order(frame, this.#queue[same]!) === 0; same--) {
      if (this.#queue[same] === frame) return
    }
    this.#queue.splice(at, 0, frame)
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
        this.#tidy()
        const frame = this.#queue[0]
        const waitMs = frame === undefined ? Number.POSITIVE_INFINITY : this.#waitMs(frame)
        if (frame !== undefined && waitMs <= 0) await this.#persist(this.#runFrom(frame))
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

  /** Leaves out what was given up. */
  #tidy(): void {
    const { waiting } = this.#chain
    for (const url of this.#unfolded) if (!waiting.has(url)) this.#unfolded.delete(url)
    while (this.#queue[0] !== undefined && !waiting.has(this.#queue[0].url)) this.#queue.shift()
  }

  #waitMs(frame: Frame): number {
    const { clock, settings } = this.#services
    // A full frame is compared with what all before it gave; who was asked for a moment that is past shows then.
    const mustFold = (frame.kind === 'full' || this.#isLate(frame)) && this.#unfolded.size > 0
    if (frame.sha256 === '' || mustFold) return Number.POSITIVE_INFINITY
    return this.#isLinked(frame) ? 0 : frame.arrivedMs + settings.patienceMs - clock.now()
  }

  #isLinked({ kind, timestampMs, previousMs }: Frame): boolean {
    const appliedMs = Math.max(this.#appliedMs, this.#chain.appliedMs)
    if (kind === 'diff') return previousMs <= appliedMs
    if (appliedMs === 0 || timestampMs <= appliedMs) return true
    return this.#queue.some(
      (other) => other.kind === 'diff' && other.previousMs <= appliedMs && other.timestampMs > timestampMs,
    )
  }

  /** The first, and if it is a diff those that follow it without a wait. */
  #runFrom(first: Frame): Frame[] {
    const run = [first]
    if (first.kind === 'full') return run
    for (const frame of this.#queue.slice(1, FRAMES_A_RUN)) {
      const lastMs = run.at(-1)!.timestampMs
      const isNext = frame.kind === 'diff' && frame.previousMs <= lastMs && frame.timestampMs > lastMs
      if (!isNext || frame.sha256 === '' || !this.#chain.waiting.has(frame.url)) break
      run.push(frame)
    }
    return run
  }

  #persist(run: readonly Frame[]): Promise<void> {
    return persist(
      this.#services,
      this.#stop.signal,
      () => this.#apply(run),
      () => {
        // Whether it was painted all the same shows on the board.
        this.#paintedMs = undefined
      },
    )
  }

  async #apply(run: readonly Frame[]): Promise<void> {
    const { board, recorder, questioner, applied } = this.#services
    const ready: Ready[] = []
    let cellCount = 0
    let askedCount = 0
    for (const frame of run) {
      const next = await this.#ready(frame, askedCount)
      if (next === undefined) {
        this.#taken(frame)
        continue
      }
      ready.push(next)
      cellCount += next.missing.count
      askedCount += next.asked?.count ?? 0
      if (cellCount >= CELLS_A_RUN) break
    }
    for (const { frame, missing } of ready) {
      const doubt = frame.kind === 'full' ? this.#doubt(frame, missing) : undefined
      if (doubt !== undefined) await recorder.later({ type: CaptureRecordType.rebased, body: doubt })
    }
    crashPoint('capture.before-paint')
    await board.paint(ready.map(({ frame, missing }) => ({ ...missing, timestampMs: frame.timestampMs })))
    crashPoint('capture.after-paint')
    const recorded: Promise<void>[] = []
    for (const { frame, count, asked } of ready) {
      const { canvas, timestampMs } = frame
      const previousMs = frame.kind === 'full' ? Number.NaN : frame.previousMs
      recorded.push(applied.add({ canvas, timestampMs, previousMs, cells: count, asked: asked?.count ?? 0 }))
      this.#taken(frame)
      this.#changed.delete(timestampMs)
      this.#appliedMs = Math.max(this.#appliedMs, timestampMs)
      if (asked !== undefined) {
        // One that is not recorded is asked for after the next start.
        recorded.at(-1)?.then(
          () => questioner.ask(frame, asked),
          () => {},
        )
      }
    }
    await Promise.all(recorded)
    crashPoint('capture.after-applied')
  }

  /** Undefined for one that cannot be read any more. @param askedBefore cells of the frames that are painted with it */
  async #ready(frame: Frame, askedBefore: number): Promise<Ready | undefined> {
    const { board, frames, recorder } = this.#services
    const { canvas, timestampMs } = frame
    let cells: FrameCells
    try {
      cells = await frames.cells(frame.sha256)
    } catch (error) {
      if (error instanceof SpateError && error.retryable) throw error
      await this.#giveUp(frame, error)
      return undefined
    }
    const colors = await board.colorsOf(cells, (found) =>
      recorder.later({ type: CaptureRecordType.coloured, body: { canvas, timestampMs, colors: found } }),
    )
    const isFull = frame.kind === 'full'
    const isNewest = !isFull && timestampMs > this.#latestMs(cells)
    const missing = isNewest ? board.all(cells, colors, frame) : board.missing(cells, colors, frame, isFull)
    if (isFull || this.#chain.hasFull(timestampMs)) return this.#readyPart(frame, cells, missing)
    const { count } = cells
    const isAsked = count > 0 && this.#isToAsk(frame, askedBefore + count)
    return { frame, missing, count, asked: isAsked ? cells : undefined }
  }

  #isToAsk(frame: Frame, cells: number): boolean {
    if (this.#chain.owed.covers(frame.timestampMs)) return false
    return this.#services.questioner.takes(this.#isLate(frame) ? 'late' : frame.kind, cells)
  }

  #isLate({ timestampMs }: Frame): boolean {
    return timestampMs <= Math.max(this.#appliedMs, this.#chain.appliedMs)
  }

  /**
   * Of a frame that shows more than it changes: a full frame, or a diff after the full frame of its moment. What it
   * changes is not to be seen any more once it is painted, so what is to be asked for is kept as a picture first, and
   * recorded.
   */
  async #readyPart(frame: Frame, cells: FrameCells, missing: CellsToPaint): Promise<Ready> {
    const { board, frames, recorder, onError } = this.#services
    const { canvas, timestampMs } = frame
    const known = this.#changed.get(timestampMs)
    if (known !== undefined) {
      const count = Math.max(missing.count, known.cells)
      return { frame, missing, count, asked: await frames.cellsLeft(known.sha256, onError) }
    }
    const { count } = missing
    if (count === 0 || !this.#isToAsk(frame, count)) return { frame, missing, count, asked: undefined }
    // What another frame of this moment changed, which owes nothing, is asked for already.
    const asked = changedCells(cells, missing, frame, (x, y) => board.timeMs(x, y) !== timestampMs)
    if (asked.count === 0) return { frame, missing, count, asked: undefined }
    const sha256 = await frames.put(await encodeCells(asked))
    const body = { canvas, timestampMs, cells: asked.count, sha256 }
    await recorder.later({ type: CaptureRecordType.changed, body })
    this.#changed.set(timestampMs, body)
    return { frame, missing, count, asked }
  }

  #latestMs({ width, height }: FrameCells): number {
    const { dx, dy } = this.#chain.place
    this.#paintedMs ??= this.#services.board.latestMs({ left: dx, top: dy, width, height })
    return Math.max(this.#paintedMs, this.#appliedMs)
  }

  /** It is dealt with, and will be folded. */
  #taken(frame: Frame): void {
    const at = this.#queue.indexOf(frame)
    if (at >= 0) this.#queue.splice(at, 1)
    this.#unfolded.add(frame.url)
  }

  /** Cells that differ although links lead from a full frame to this one. */
  #doubt({ canvas, timestampMs }: Frame, { count }: CellsToPaint) {
    const { coverage } = this.#chain
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
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

/** Those of the cells of a frame that are to be painted and asked for. */
function changedCells(
  cells: FrameCells,
  missing: CellsToPaint,
  { dx, dy }: Frame,
  isAsked: (x: number, y: number) => boolean,
): FrameCells {
  const at = new Uint32Array(missing.count)
  const rgb = new Uint32Array(missing.count)
  let next = 0
  let count = 0
  for (let i = 0; i < cells.count && next < missing.count; i++) {
    const row = Math.floor(cells.at[i]! / cells.width)
    const x = wrap(cells.at[i]! - row * cells.width + dx)
    const y = wrap(row + dy)
    if (missing.x[next] !== x || missing.y[next] !== y) continue
    next += 1
    if (!isAsked(x, y)) continue
    at[count] = cells.at[i]!
    rgb[count++] = cells.rgb[i]!
  }
  return { width: cells.width, height: cells.height, count, at, rgb }
}

/** By time; of the same time the diff first, which leads to it. */
function order(a: Frame, b: Frame): number {
  if (a.timestampMs !== b.timestampMs) return a.timestampMs - b.timestampMs
  return Number(a.kind === 'full') - Number(b.kind === 'full')
}
