import { setTimeout } from 'node:timers/promises'
import { messageOf, SpateError } from '../base/errors.ts'
import type { Strokes } from '../boards/canvas/strokes.ts'
import type { BoardHost } from '../boards/host.ts'
import type { KeptStrokes } from '../boards/kept-strokes.ts'
import type { Position } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import { Folding } from '../meters/folding.ts'
import type { MeterStore } from '../meters/port.ts'
import { Questions } from '../meters/questions.ts'
import { Listeners, type MeterSource } from '../meters/source.ts'
import { errorOf } from '../meters/verdicts.ts'
import { DECLARATIONS } from './declarations.ts'
import { PaintedCells } from './painted-cells.ts'
import { MAX_STROKES_AT_ONCE, writesOf } from './writes.ts'

/** What a commit takes at most, unless a record has more. */
const STROKES_A_COMMIT = 8192

/**
 * The meters of one board, fed in the background from what its host keeps for them (`KeptStrokes`), in the stream's
 * order. A commit holds what whole records did, and the position of the last: nothing counts twice and nothing is
 * missed, however it ends. Where the meters stand before what is kept, because they were removed, lost or left far
 * behind, the board's stream is folded again for them from its beginning.
 *
 * They never hold up the board: what is not taken yet waits with its host. A store that cannot take more (`retryable`)
 * is tried again each second; `stalled` says why. Another server that feeds the same store is gone on from. Any other
 * error stops them for good: `stopped` says why, questions go on from what is known.
 */
export class BoardMeters implements MeterSource, AsyncDisposable {
  readonly questions: Questions
  stalled: SpateError | undefined
  stopped: SpateError | undefined
  readonly #host: BoardHost
  readonly #kept: KeptStrokes
  readonly #store: MeterStore
  readonly #fold: MeterFold
  readonly #folding: Folding
  readonly #cells: PaintedCells
  readonly #pauseMs: number
  readonly #stop = new AbortController()
  readonly #listeners = new Listeners()
  #running: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined

  private constructor(
    host: BoardHost,
    kept: KeptStrokes,
    store: MeterStore,
    fold: MeterFold,
    pauseMs: number,
  ) {
    this.#host = host
    this.#kept = kept
    this.#store = store
    this.#fold = fold
    this.#pauseMs = pauseMs
    this.#cells = new PaintedCells(fold)
    this.#folding = new Folding(fold, store, this.#stop.signal, (reason) => {
      this.stalled = reason
    })
    this.questions = new Questions(fold, store)
  }

  /**
   * @param head of the board's stream, read after the store was opened
   * @param pauseMs what lies at least between two commits
   * @param onStopped told once why they stopped, unless they were closed
   * Errors: `corrupt` for meters that are ahead of the stream; those of the store.
   */
  static async open(
    host: BoardHost,
    store: MeterStore,
    head: Position,
    pauseMs: number,
    onStopped: (reason: SpateError) => void,
  ): Promise<BoardMeters> {
    const { strokes } = host
    if (strokes === undefined) throw new SpateError('invalid', 'the board keeps nothing for meters')
    if (store.position > head) {
      throw new SpateError('corrupt', 'the meters are ahead of their log: remove them, and they are rebuilt')
    }
    const meters = new BoardMeters(host, strokes, store, await MeterFold.open(store), pauseMs)
    meters.#running = meters.#run(onStopped)
    return meters
  }

  get position(): Position {
    return this.#store.position
  }

  /** How far the meters are behind the board, in the stream's time. */
  get behindMs(): number {
    if (this.position >= this.#host.canvas.position) return 0
    return Math.max(0, this.#host.canvas.timeMs - this.#store.timeMs)
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  async #run(onStopped: (reason: SpateError) => void): Promise<void> {
    const stopListening = this.#host.listen(() => this.#wake?.())
    try {
      while (!this.#stop.signal.aborted) {
        const { position } = this.#fold
        if (position < this.#kept.from) await this.#catchUp(position)
        else {
          const strokes = this.#kept.next(position)
          if (strokes === undefined) await this.#more()
          else await this.#measure(strokes)
        }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        this.stopped =
          error instanceof SpateError
            ? error
            : new SpateError('corrupt', `measuring failed: ${messageOf(error)}`, { cause: error })
        onStopped(this.stopped)
      }
    } finally {
      stopListening()
    }
  }

  /** Until the host has folded something. */
  async #more(): Promise<void> {
    const woken = Promise.withResolvers<void>()
    this.#wake = () => woken.resolve()
    if (!this.#stop.signal.aborted) await woken.promise
    this.#wake = undefined
  }

  async #catchUp(position: Position): Promise<void> {
    for await (const strokes of this.#host.strokesAgain(position, this.#stop.signal)) {
      await this.#measure(strokes)
      // Where the store was lost, it begins anew.
      if (this.#fold.position < strokes.upTo) return
    }
  }

  /** Goes through the strokes after where the meters stand, unless they are set back meanwhile. */
  async #measure(strokes: Strokes): Promise<void> {
    const { signal } = this.#stop
    for (let at = this.#fold.position; at < strokes.upTo && !signal.aborted; ) {
      const start = strokes.startAfter(at)
      const { end, upTo } = strokes.cut(start, STROKES_A_COMMIT)
      const isStored = await this.#folding.run(() => this.#apply(strokes, start, end, upTo))
      if (isStored) this.#cells.committed()
      else this.#cells.reopen()
      this.#listeners.tell()
      if (this.#fold.position < at) return
      at = this.#fold.position
      this.#kept.measured(at)
      await setTimeout(this.#pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #apply(strokes: Strokes, start: number, end: number, upTo: Position): Promise<void> {
    for (const declaration of DECLARATIONS) {
      if (!this.#fold.meters.has(declaration.name)) this.#fold.declare(declaration)
    }
    const timeMs = upTo === strokes.upTo ? strokes.timeMs : 0
    this.#fold.advance(upTo, timeMs)
    for (let from = start; from < end; from += MAX_STROKES_AT_ONCE) {
      const to = Math.min(from + MAX_STROKES_AT_ONCE, end)
      const firsts = await this.#cells.firsts(strokes, from, to)
      const refusal = await this.#fold.apply(upTo, timeMs, writesOf(strokes, from, to, firsts))
      if (refusal !== null) throw errorOf(refusal)
    }
    this.#cells.stage()
  }

  /** Waits for a commit under way; what is not taken stays with the host. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#running
  }
}
