import { setImmediate, setTimeout } from 'node:timers/promises'
import { messageOf, SpateError } from '../base/errors.ts'
import type { Strokes } from '../boards/canvas/strokes.ts'
import type { BoardHost } from '../boards/host.ts'
import type { KeptStrokes } from '../boards/kept-strokes.ts'
import type { Position } from '../log/port.ts'
import { MeterFold } from '../meters/fold.ts'
import type { MeterStore } from '../meters/port.ts'
import { Questions } from '../meters/questions.ts'
import { Listeners, type MeterSource } from '../meters/source.ts'
import { DECLARATIONS } from './declarations.ts'
import type { Measuring } from './measurer.ts'

const AGAIN_AFTER_MS = 1000
/** Turns after which a commit of another process is seen here at the latest. */
const TURNS = 10

/** How the meters of a board are doing. */
export interface BoardMeterState {
  /** How far they are behind the board, in the stream's time. */
  readonly behindMs: number
  /** Why nothing moves at present. */
  readonly stalled: SpateError | undefined
  /** Why nothing will move any more. */
  readonly stopped: SpateError | undefined
}

/**
 * The meters of one board, fed in the background from what its host keeps for them (`KeptStrokes`), in the stream's
 * order. Where they stand before what is kept, because they were removed, lost or left far behind, the board's stream
 * is folded again for them from its beginning.
 *
 * They can be asked from the first moment on, also while nothing of theirs is stored: every board has the same.
 *
 * They never hold up the board: what is not taken yet waits with its host. What is passing (`retryable`) is tried
 * again each second, and `stalled` says why. Any other error stops them for good: `stopped` says why, questions go on
 * from what is known.
 */
export class BoardMeters implements MeterSource, BoardMeterState, AsyncDisposable {
  readonly questions: Questions
  stalled: SpateError | undefined
  stopped: SpateError | undefined
  readonly #host: BoardHost
  readonly #kept: KeptStrokes
  readonly #store: MeterStore
  readonly #fold: MeterFold
  readonly #measuring: Measuring
  readonly #pauseMs: number
  readonly #stop = new AbortController()
  readonly #listeners = new Listeners()
  #running: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined
  /** A question found the store further back than it was. */
  #isLost = false

  private constructor(
    host: BoardHost,
    kept: KeptStrokes,
    store: MeterStore,
    fold: MeterFold,
    measuring: Measuring,
    pauseMs: number,
  ) {
    this.#host = host
    this.#kept = kept
    this.#store = store
    this.#fold = fold
    this.#measuring = measuring
    this.#pauseMs = pauseMs
    this.questions = new Questions(fold, store)
  }

  /**
   * @param store read here, written by `measuring`
   * @param head of the board's stream, read after the store was opened
   * @param pauseMs what lies at least between two commits
   * @param onStopped told once why they stopped, unless they were closed
   * Errors: `corrupt` for meters that are ahead of the stream; those of the store.
   */
  static async open(
    host: BoardHost,
    store: MeterStore,
    measuring: (onStall: (reason: SpateError | undefined) => void) => Measuring,
    head: Position,
    pauseMs: number,
    onStopped: (reason: SpateError) => void,
  ): Promise<BoardMeters> {
    const { strokes } = host
    if (strokes === undefined) throw new SpateError('invalid', 'the board keeps nothing for meters')
    if (store.position > head) {
      throw new SpateError('corrupt', 'the meters are ahead of their log: remove them, and they are rebuilt')
    }
    const fold = await MeterFold.open(store)
    declare(fold)
    const meters: BoardMeters = new BoardMeters(
      host,
      strokes,
      store,
      fold,
      measuring((reason) => {
        meters.stalled = reason
      }),
      pauseMs,
    )
    meters.#running = meters.#run(onStopped)
    return meters
  }

  get position(): Position {
    return this.#store.position
  }

  get behindMs(): number {
    if (this.position >= this.#host.canvas.position) return 0
    return Math.max(0, this.#host.canvas.timeMs - this.#store.timeMs)
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  async #run(onStopped: (reason: SpateError) => void): Promise<void> {
    const stopListening = this.#host.listen(() => this.#wake?.())
    const stopHearing = this.#store.onLost(() => {
      this.#isLost = true
      this.#wake?.()
    })
    while (!this.#stop.signal.aborted && this.stopped === undefined) {
      try {
        await this.#step()
      } catch (error) {
        await this.#failed(error)
        if (this.stopped !== undefined) onStopped(this.stopped)
      }
    }
    stopListening()
    stopHearing()
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return
    if (!(error instanceof SpateError)) {
      this.stopped = new SpateError('corrupt', `measuring failed: ${messageOf(error)}`, { cause: error })
    } else if (error.retryable) {
      this.stalled = error
      await this.#rest(AGAIN_AFTER_MS)
    } else this.stopped = error
  }

  async #step(): Promise<void> {
    if (this.#isLost) {
      await this.#reopen()
      this.#isLost = false
    }
    const { position } = this
    if (position < this.#kept.from) {
      await this.#catchUp(position)
      return
    }
    const strokes = this.#kept.next(position)
    if (strokes === undefined) await this.#more()
    else {
      await this.#measure(strokes)
      await this.#rest(this.#pauseMs)
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
      if (this.position < strokes.upTo) return
    }
  }

  async #measure(strokes: Strokes): Promise<void> {
    const reached = await this.#measuring.measure(strokes)
    for (let turn = 0; turn < TURNS; turn++) {
      await this.#reopen()
      if (this.#store.position >= reached) break
      await setImmediate()
    }
    this.stalled = undefined
    this.#kept.measured(this.position)
    this.#listeners.tell()
  }

  async #reopen(): Promise<void> {
    await this.#fold.reopen()
    declare(this.#fold)
  }

  async #rest(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  /** Waits for what is under way, which is as fast as its `Measuring` ends; what is not taken stays with the host. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#running
  }
}

/** Those that are not stored yet, in the order in which they will be; here nothing is ever committed. */
function declare(fold: MeterFold): void {
  for (const declaration of DECLARATIONS) {
    if (!fold.meters.has(declaration.name)) fold.declare(declaration)
  }
}
