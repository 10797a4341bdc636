import { promisify } from 'node:util'
import { zstdCompress, zstdDecompressSync } from 'node:zlib'
import { assert } from '../base/assert.ts'
import type { Position } from '../log/port.ts'
import type { Changes, Kv, Table } from '../store/kv.ts'
import { Strokes } from './canvas/strokes.ts'

const compress = promisify(zstdCompress)

/** What is kept for the meters at most, in memory and on disk: 16 MB compressed. */
const MAX_STROKES = 2_000_000
/** While a board catches up nothing goes to the disk. */
const MAX_STROKES_BEHIND = 262_144

interface Stored {
  readonly upTo: Position
  readonly count: number
}

/** What a snapshot writes of the strokes. */
export interface StrokesPart {
  /** What later records did is kept. */
  readonly from: Position
  /** Resolves with what to do in the snapshot's transaction. */
  readonly write: Promise<(changes: Changes) => void>
  /** To be called once that is committed. */
  stored(): void
}

/**
 * The strokes of a board that its meters have not taken yet.
 *
 *     stroke-runs  [board, position of the last record in it, strokes] → zstd of the strokes
 *
 * They are gathered while the board is folded and stored with its snapshots, in one transaction; those that were
 * measured are left out, and removed with the next snapshot. So whatever the snapshot shows, what led there is kept
 * from where the meters stand, unless that is more than 2,000,000 strokes (while the board catches up 262,144): then
 * all are dropped, and `from` says from where on they are whole. Who needs earlier ones folds the stream again.
 */
export class KeptStrokes {
  readonly #kv: Kv
  readonly #board: string
  readonly #table: Table
  #from: Position
  /** Oldest first, none older than `from`. */
  #stored: Stored[] = []
  /** What the next snapshot removes. */
  #stale: Stored[] = []
  /** Gathered and not stored, oldest first. */
  #waiting: Strokes[] = []
  /** Undefined while nothing is gathered. */
  #current: Strokes | undefined
  #storedCount = 0

  /**
   * @param position the board's, as of its snapshot
   * @param from as the snapshot's transaction left it; undefined: nothing that is stored belongs to the snapshot
   */
  constructor(kv: Kv, board: string, position: Position, timeMs: number, from: Position | undefined) {
    this.#kv = kv
    this.#board = board
    this.#table = kv.table('stroke-runs')
    this.#from = from ?? position
    this.#current = new Strokes(position, timeMs)
    const found = this.#found()
    if (from === undefined) this.#stale = found
    else this.#stored = found
    this.#count()
  }

  #found(): Stored[] {
    const range = { start: [this.#board], end: [this.#board, Number.MAX_SAFE_INTEGER] }
    return Array.from(this.#kv.table('stroke-runs').keys(range), (key) => {
      // Keys of this table are of this shape, written below.
      const [, upTo, count] = key as [string, Position, number]
      return { upTo, count }
    })
  }

  #count(): void {
    this.#storedCount = this.#stored.reduce((sum, { count }) => sum + count, 0)
  }

  /** What the records after this one did is kept. Only grows. */
  get from(): Position {
    return this.#from
  }

  /** Where the fold puts the strokes of the next record; undefined: nobody wants them. */
  get current(): Strokes | undefined {
    return this.#current
  }

  /** To be called after each record. @param isBehind whether the board catches up */
  folded(position: Position, timeMs: number, isBehind: boolean): void {
    const current = this.#current
    if (current === undefined) {
      this.#from = position
      if (!isBehind) this.#current = new Strokes(position, timeMs)
      return
    }
    const waiting = this.#waiting.reduce((sum, { count }) => sum + count, current.count)
    if (waiting <= (isBehind ? MAX_STROKES_BEHIND : MAX_STROKES - this.#storedCount)) return
    this.#stale.push(...this.#stored)
    this.#stored = []
    this.#waiting = []
    this.#storedCount = 0
    this.#from = position
    this.#current = isBehind ? undefined : new Strokes(position, timeMs)
  }

  /**
   * Strokes in which the first of those after `after` are, the measured ones before them included.
   * @param after not before `from`
   */
  next(after: Position): Strokes | undefined {
    assert(after >= this.#from, `strokes from ${this.#from} on are kept, not from ${after}`)
    const stored = this.#stored.find(({ upTo }) => upTo > after)
    if (stored !== undefined) return this.#read(stored)
    this.#seal()
    return this.#waiting.find(({ upTo }) => upTo > after) ?? this.#nothing(after)
  }

  /** Records that did nothing move the position, too. */
  #nothing(after: Position): Strokes | undefined {
    const current = this.#current
    if (current === undefined || current.upTo <= after) return undefined
    const nothing = new Strokes(after, current.timeMs)
    nothing.upTo = current.upTo
    return nothing
  }

  #read(stored: Stored): Strokes {
    const bytes = this.#table.get(this.#key(stored))
    assert(bytes !== undefined, 'what was stored with the snapshot is there')
    return Strokes.decode(zstdDecompressSync(bytes))
  }

  /** Those up to `upTo` are not needed any more. */
  measured(upTo: Position): void {
    if (upTo <= this.#from) return
    this.#from = upTo
    this.#waiting = this.#waiting.filter((strokes) => strokes.upTo > upTo)
    const isDone = (stored: Stored): boolean => stored.upTo <= upTo
    this.#stale.push(...this.#stored.filter(isDone))
    this.#stored = this.#stored.filter((stored) => !isDone(stored))
    this.#count()
  }

  /** From here on what is gathered is another run. */
  #seal(): void {
    const current = this.#current
    if (current === undefined || current.count === 0) return
    this.#waiting.push(current)
    this.#current = new Strokes(current.upTo, current.timeMs)
  }

  /** All that a snapshot of this moment has to write. When that fails, the next one includes it. */
  take(): StrokesPart {
    this.#seal()
    const runs = this.#waiting.slice()
    const stale = this.#stale.slice()
    return {
      from: this.#from,
      write: this.#written(runs, stale),
      stored: () => {
        this.#waiting = this.#waiting.filter((strokes) => !runs.includes(strokes))
        for (const { upTo, count } of runs) {
          const list = upTo > this.#from ? this.#stored : this.#stale
          list.push({ upTo, count })
        }
        const removed = new Set(stale)
        this.#stale = this.#stale.filter((stored) => !removed.has(stored))
        this.#count()
      },
    }
  }

  async #written(runs: readonly Strokes[], stale: readonly Stored[]): Promise<(changes: Changes) => void> {
    const values = await Promise.all(
      runs.map(async (strokes) => ({ strokes, bytes: await compress(strokes.encode()) })),
    )
    return (changes) => {
      for (const stored of stale) changes.remove(this.#table, this.#key(stored))
      for (const { strokes, bytes } of values) changes.put(this.#table, this.#key(strokes), bytes)
    }
  }

  #key({ upTo, count }: Stored): [string, number, number] {
    return [this.#board, upTo, count]
  }
}
