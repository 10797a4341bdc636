import { keepNewest } from '../../base/keep-newest.ts'
import { Coverage, type CoverageReport, type CoverageState, type HoleCause } from '../coverage.ts'
import type { Interval } from '../intervals.ts'
import { Lag } from '../lag.ts'
import type { Answer, Applied, Changed, Fetched, Overdue, OverdueCell, Rebased } from '../records.ts'
import type { CanvasPlace } from './messages.ts'
import { Owed, type OwedState } from './owed.ts'

/** A picture that the source told of, until it is on the board or given up. */
export interface Frame {
  readonly canvas: number
  readonly url: string
  readonly kind: 'full' | 'diff'
  readonly timestampMs: number
  /** Of a full frame its own timestamp. */
  readonly previousMs: number
  readonly arrivedMs: number
  /** Where its canvas lay when it came. */
  readonly dx: number
  readonly dy: number
  /** Of the stored bytes; empty until they are there. */
  sha256: string
}

/** Changes of one moment whose authors are still to be asked for. */
export interface OpenAsks {
  readonly timestampMs: number
  /** In which the cells are found again: a diff, what a full frame changed, or both of one time. */
  readonly pictures: { readonly sha256: string; readonly isFull: boolean }[]
  /** Asked for later than they were applied and not answered, by {@link cellKey}. */
  readonly overdue: Map<number, OverdueCell>
  readonly dx: number
  readonly dy: number
  left: number
  /** Cells whose change is answered, as {@link cellKey}. */
  readonly answered: Set<number>
}

export interface CanvasCounts {
  fulls: number
  diffs: number
  /** Messages that told of a frame that was known already. */
  duplicates: number
  stored: number
  storedBytes: number
  /** Frames that could not be had. */
  missing: number
  late: number
  applied: number
  /** Painted cells. */
  cells: number
  rebased: number
  answered: number
  /** Changed cells whose authors are not asked for, or not yet: too many wait, or nobody is asked. */
  unasked: number
}

/** Names of frames remembered at least, to tell those that come twice: some ten minutes of a canvas. */
const NAMES = 4096
const NAMES_AT_ONCE = 512
const FULLS = 64
/** Frames waiting for their download at most: the oldest beyond is given up. A day of a canvas at 141 ms. */
const MAX_WAITING = 650_000

export function cellKey(x: number, y: number): number {
  return (((y & 0xffff) << 16) | (x & 0xffff)) >>> 0
}

/** What the stream says of one canvas. Changed by records alone. */
export class Chain {
  readonly index: number
  place: CanvasPlace
  coverage = new Coverage()
  /** In no order; those that are to be applied. */
  readonly waiting = new Map<string, Frame>()
  #names = new Set<string>()
  /** Timestamp of the latest frame on the board. */
  appliedMs = 0
  lastArrivedMs = 0
  lastUrl = ''
  /** What befell the canvas's connections since a frame came last. */
  trouble: HoleCause = 'skipped'
  readonly openAsks = new Map<number, OpenAsks>()
  owed = new Owed()
  /** Of the latest full frames on the board. */
  #fullMs = new Set<number>()
  /** Of full frames, and diffs of their moments, that are about to be applied; by timestamp. */
  readonly changed = new Map<number, Changed>()
  messageLag = new Lag()
  boardLag = new Lag()
  readonly counts: CanvasCounts = {
    fulls: 0,
    diffs: 0,
    duplicates: 0,
    stored: 0,
    storedBytes: 0,
    missing: 0,
    late: 0,
    applied: 0,
    cells: 0,
    rebased: 0,
    answered: 0,
    unasked: 0,
  }

  constructor(place: CanvasPlace) {
    this.index = place.index
    this.place = place
  }

  /** A message told of a frame; the frame if it is new. */
  tell(
    message: { kind: 'full' | 'diff'; url: string; timestampMs: number; previousMs: number },
    arrivedMs: number,
  ): Frame | undefined {
    const { kind, url, timestampMs, previousMs } = message
    this.lastArrivedMs = arrivedMs
    if (this.#names.has(url)) {
      this.counts.duplicates += 1
      return undefined
    }
    this.#names.add(url)
    // Many at once: the first of a set is behind all that were deleted before it.
    if (this.#names.size >= NAMES + NAMES_AT_ONCE) keepNewest(this.#names, NAMES)
    this.counts[kind === 'full' ? 'fulls' : 'diffs'] += 1
    // A full frame may show what has not changed for long.
    if (kind === 'diff') this.messageLag.add(arrivedMs - timestampMs)
    this.lastUrl = url
    this.coverage.tell(previousMs, timestampMs, this.trouble)
    this.trouble = 'skipped'
    const { dx, dy } = this.place
    const frame = {
      canvas: this.index,
      url,
      kind,
      timestampMs,
      previousMs,
      arrivedMs,
      dx,
      dy,
      sha256: '',
    }
    this.waiting.set(url, frame)
    if (this.waiting.size > MAX_WAITING) this.#giveUpOldest()
    return frame
  }

  #giveUpOldest(): void {
    for (const frame of this.waiting.values()) {
      this.#giveUp(frame, 'failed')
      return
    }
  }

  /** Told of again, as a full frame is while nothing changes, it is a new one: it may be had by then. */
  #giveUp(frame: Frame, cause: HoleCause): void {
    this.waiting.delete(frame.url)
    if (frame.kind === 'full') this.changed.delete(frame.timestampMs)
    this.#names.delete(frame.url)
    this.counts.missing += 1
    this.coverage.miss(frame.previousMs, frame.timestampMs, cause)
  }

  fetched(fetched: Fetched): void {
    const frame = this.waiting.get(fetched.url)
    if (fetched.status === 'stored') {
      this.counts.stored += 1
      this.counts.storedBytes += fetched.sizeBytes
      if (frame !== undefined) frame.sha256 = fetched.sha256
    } else if (frame !== undefined) this.#giveUp(frame, fetched.status)
  }

  applied(applied: Applied, recordMs: number): void {
    const { timestampMs, previousMs, cells, asked } = applied
    const isFull = Number.isNaN(previousMs)
    const frame = this.#waitingAt(timestampMs, isFull)
    if (frame !== undefined) this.waiting.delete(frame.url)
    this.counts.applied += 1
    this.counts.cells += cells
    if (!isFull) this.boardLag.add(recordMs - timestampMs)
    if (isFull) {
      this.#fullMs.add(timestampMs)
      keepNewest(this.#fullMs, FULLS)
      this.#anchor(timestampMs)
    } else if (timestampMs >= this.appliedMs) this.coverage.link(previousMs, timestampMs)
    else {
      this.counts.late += 1
      this.coverage.miss(previousMs, timestampMs, 'late')
    }
    this.appliedMs = Math.max(this.appliedMs, timestampMs)
    this.counts.unasked += cells - asked
    if (asked > 0) this.owed.asked(timestampMs)
    // Painted again by who died in between, a full frame finds nothing to change.
    else if (cells > 0 || isFull) this.owed.add(timestampMs)
    const picture = this.changed.get(timestampMs) ?? (isFull ? undefined : frame)
    if (asked > 0 && frame !== undefined && picture !== undefined) {
      this.#open(frame, { sha256: picture.sha256, isFull }, asked)
    }
    this.changed.delete(timestampMs)
  }

  /** Whether a full frame of that moment is on the board: it showed all that a diff of it could. */
  hasFull(ms: number): boolean {
    return this.#fullMs.has(ms)
  }

  /**
   * A full frame that is older than what is on the board makes that whole, if links lead from it to there. In between
   * the board lacks what was painted over since, so nothing earlier is vouched for.
   */
  #anchor(timestampMs: number): void {
    const { appliedMs } = this
    if (timestampMs >= appliedMs) this.coverage.anchor(timestampMs)
    else if ((this.coverage.linkedUpTo(timestampMs) ?? 0) >= appliedMs) this.coverage.anchor(appliedMs)
  }

  #open(frame: Frame, picture: OpenAsks['pictures'][number], asked: number): void {
    const open = this.#asksOf(frame)
    open.pictures.push(picture)
    open.left += asked
  }

  #asksOf({ timestampMs, dx, dy }: Pick<Frame, 'timestampMs' | 'dx' | 'dy'>): OpenAsks {
    const known = this.openAsks.get(timestampMs)
    if (known !== undefined) return known
    const open: OpenAsks = {
      ...{ timestampMs, dx, dy, left: 0 },
      ...{ pictures: [], overdue: new Map(), answered: new Set() },
    }
    this.openAsks.set(timestampMs, open)
    return open
  }

  overdue({ toMs, toCell, cells }: Overdue): void {
    const { dx, dy } = this.place
    for (const cell of cells) {
      const { x, y, changeMs } = cell
      const open = this.#asksOf({ timestampMs: changeMs, dx, dy })
      open.overdue.set(cellKey(x, y), cell)
      open.left += 1
    }
    // Who died before a full frame was recorded did not count what it changed.
    this.counts.unasked = Math.max(0, this.counts.unasked - cells.length)
    this.owed.settle({ ms: toMs, cell: toCell })
  }

  #waitingAt(timestampMs: number, isFull: boolean): Frame | undefined {
    for (const frame of this.waiting.values()) {
      if (frame.timestampMs === timestampMs && (frame.kind === 'full') === isFull) return frame
    }
    return undefined
  }

  answered({ x, y, changeMs }: Answer): void {
    this.counts.answered += 1
    const open = this.openAsks.get(changeMs)
    const key = cellKey(x, y)
    if (open === undefined || open.answered.has(key)) return
    if (!open.overdue.delete(key)) open.answered.add(key)
    open.left -= 1
    if (open.left <= 0) this.openAsks.delete(changeMs)
  }

  rebased({ fromMs, timestampMs }: Rebased): void {
    // A second time by a collector that died before it had painted.
    if (this.coverage.doubt(fromMs, timestampMs)) this.counts.rebased += 1
  }

  /** Whether what was told of last leads back to a full frame, supposing that what waits can be had. */
  get isWhole(): boolean {
    const { appliedMs } = this
    const steps: Interval[] = []
    let endMs = appliedMs
    for (const { kind, previousMs, timestampMs } of this.waiting.values()) {
      endMs = Math.max(endMs, timestampMs)
      if (timestampMs >= appliedMs) steps.push({ fromMs: previousMs, toMs: timestampMs })
      else if (kind === 'full' && (this.coverage.linkedUpTo(timestampMs) ?? 0) >= appliedMs) {
        steps.push({ fromMs: appliedMs, toMs: appliedMs })
      }
    }
    return endMs > 0 && this.coverage.leadsToWhole(steps, endMs)
  }

  report(): CoverageReport {
    const pending = Array.from(this.waiting.values(), ({ previousMs, timestampMs }) => ({
      fromMs: previousMs,
      toMs: timestampMs,
    }))
    return this.coverage.report(pending)
  }

  toJSON(): ChainState {
    return {
      place: this.place,
      coverage: this.coverage.toJSON(),
      waiting: [...this.waiting.values()],
      names: [...this.#names],
      appliedMs: this.appliedMs,
      lastArrivedMs: this.lastArrivedMs,
      lastUrl: this.lastUrl,
      trouble: this.trouble,
      openAsks: [...this.openAsks.values()].map((open) => ({
        ...open,
        overdue: [...open.overdue.values()],
        answered: [...open.answered],
      })),
      owed: this.owed.toJSON(),
      fullMs: [...this.#fullMs],
      changed: [...this.changed.values()],
      messageLag: this.messageLag.toJSON(),
      boardLag: this.boardLag.toJSON(),
      counts: this.counts,
    }
  }

  static fromJSON(state: ChainState): Chain {
    const chain = new Chain(state.place)
    chain.coverage = Coverage.fromJSON(state.coverage)
    for (const frame of state.waiting) chain.waiting.set(frame.url, { ...frame })
    chain.#names = new Set(state.names)
    chain.appliedMs = state.appliedMs
    chain.lastArrivedMs = state.lastArrivedMs
    chain.lastUrl = state.lastUrl
    chain.trouble = state.trouble
    for (const open of state.openAsks) {
      chain.openAsks.set(open.timestampMs, {
        ...open,
        pictures: [...open.pictures],
        overdue: new Map(open.overdue.map((cell) => [cellKey(cell.x, cell.y), cell])),
        answered: new Set(open.answered),
      })
    }
    chain.owed = Owed.fromJSON(state.owed)
    chain.#fullMs = new Set(state.fullMs)
    for (const changed of state.changed) chain.changed.set(changed.timestampMs, changed)
    chain.messageLag = Lag.fromJSON(state.messageLag)
    chain.boardLag = Lag.fromJSON(state.boardLag)
    Object.assign(chain.counts, state.counts)
    return chain
  }
}

export interface ChainState {
  readonly place: CanvasPlace
  readonly coverage: CoverageState
  readonly waiting: readonly Frame[]
  readonly names: readonly string[]
  readonly appliedMs: number
  readonly lastArrivedMs: number
  readonly lastUrl: string
  readonly trouble: HoleCause
  readonly openAsks: readonly (Omit<OpenAsks, 'answered' | 'overdue'> & {
    readonly overdue: readonly OverdueCell[]
    readonly answered: readonly number[]
  })[]
  readonly owed: OwedState
  readonly fullMs: readonly number[]
  readonly changed: readonly Changed[]
  readonly messageLag: readonly number[]
  readonly boardLag: readonly number[]
  readonly counts: CanvasCounts
}
