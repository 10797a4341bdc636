import type { Clock } from '../base/clock.ts'
import { crashPoint } from '../base/crash.ts'
import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import type { Log, LogRecord, Position } from '../log/port.ts'
import { FOLLOW_LIMIT, START } from '../log/port.ts'
import type { Kv } from '../store/kv.ts'
import { Canvas } from './canvas/canvas.ts'
import { Changes } from './canvas/changes.ts'
import { encodeBody } from './canvas/codec.ts'
import type { CanvasRecord } from './canvas/records.ts'
import { Strokes } from './canvas/strokes.ts'
import { Claims } from './claims.ts'
import { History } from './history.ts'
import { Intake, type Intent, type Outcome } from './intake.ts'
import { KeptStrokes } from './kept-strokes.ts'
import { Picture, type View } from './picture.ts'
import { RefusalRun } from './refusals.ts'
import { Snapshots } from './snapshots.ts'

const SNAPSHOT_EVERY_MS = 10_000
const SNAPSHOT_EVERY_CELLS = 50_000
const KEYFRAME_EVERY_CELLS = 400_000
const STROKES_AT_ONCE = 50_000
const REBUILD = 'remove the folder of snapshots, and it is rebuilt'

/** Hears of every folded record, in order. The changes are valid during the call only. */
export type FoldListener = (position: Position, changes: Changes, infoChanged: boolean) => void

export interface HostServices {
  readonly log: Log
  readonly kv: Kv
  readonly clock: Clock
  /** Told of a snapshot that could not be written; the next one includes it. */
  readonly onSnapshotError: (error: unknown) => void
  /** Told once why the board has stopped, unless it was closed. */
  readonly onStopped: (reason: SpateError) => void
  /** Whether what happens to cells is kept for meters until they have taken it. Default: no. */
  readonly keepsStrokes?: boolean
}

export function boardStream(id: string): string {
  return `board/${id}`
}

/**
 * Runs one board: follows its stream, folds it, tells listeners, saves snapshots, reads the past.
 *
 * Starts from the last snapshot and the log's tail. A snapshot is written every 10 s or 50,000 cells,
 * whichever comes first, when something has changed; a keyframe with the first snapshot after 400,000
 * cells, counted over restarts. A snapshot that fails costs nothing but a longer start. A record that cannot be read stops the
 * fold for good: `stopped` holds why, writes are refused, reads go on from what is known.
 */
export class BoardHost {
  readonly id: string
  readonly canvas: Canvas
  readonly history: History
  /** What the meters have not taken yet, if anything is kept for them. */
  readonly strokes: KeptStrokes | undefined
  stopped: SpateError | undefined
  /** Intents and cells folded since this host was opened. */
  cellsFolded = 0
  readonly #services: HostServices
  readonly #stream: string
  readonly #snapshots: Snapshots
  readonly #intake: Intake
  readonly #changes = new Changes()
  readonly #listeners = new Set<FoldListener>()
  readonly #stop = new AbortController()
  readonly #claims = new Claims()
  /** Since the last snapshot, and those of one under way. */
  #refusals = new RefusalRun()
  #saving = new RefusalRun()
  #saved: Promise<void> | undefined
  #savedAt: Position
  #isBroken = false
  #cellsSinceSnapshot = 0
  #cellsSinceKeyframe = 0
  #cancelTimer: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()
  readonly #caughtUp = Promise.withResolvers<void>()

  private constructor(id: string, services: HostServices) {
    this.id = id
    this.#services = services
    this.#stream = boardStream(id)
    this.#snapshots = new Snapshots(services.kv, id)
    this.canvas = this.#snapshots.load()
    const { position, timeMs } = this.canvas
    this.strokes =
      services.keepsStrokes === true
        ? new KeptStrokes(services.kv, id, position, timeMs, this.#snapshots.strokesFrom)
        : undefined
    this.#savedAt = position
    this.#cellsSinceKeyframe = this.#snapshots.cellsSinceKeyframe
    const append: Log['append'] = (stream, records) =>
      this.#claims.during(() => services.log.append(stream, records))
    this.#intake = new Intake({ append }, this.#stream, (position) => this.#claims.take(position))
    this.history = new History(services.log, this.#stream, {
      in: (after, upTo) => this.#refusalsIn(after, upTo),
    })
  }

  /** Resolves when the board has folded all that the log held at the call. */
  static async open(id: string, services: HostServices): Promise<BoardHost> {
    const host = new BoardHost(id, services)
    const head = await services.log.head(host.#stream)
    if (host.canvas.position > head) {
      host.#stopFor(new SpateError('corrupt', `the snapshot of board ${id} is ahead of its log: ${REBUILD}`))
      return host
    }
    host.#running = host.#run(head)
    host.#armTimer()
    await host.#caughtUp.promise
    return host
  }

  async #run(head: Position): Promise<void> {
    if (this.canvas.position >= head) this.#caughtUp.resolve()
    const pace = new Pace()
    const { log } = this.#services
    try {
      for await (const batch of log.follow(this.#stream, this.canvas.position, this.#stop.signal)) {
        for (const record of batch) {
          crashPoint('host.before-fold')
          this.#fold(record)
          this.strokes?.folded(record.position, this.canvas.timeMs, record.position < head)
          crashPoint('host.after-fold')
          const isBehind = record.position < head
          if (isBehind && this.#isKeyframeDue) await this.#keepKeyframe()
        }
        if (this.canvas.position >= head) {
          this.#caughtUp.resolve()
          this.#saveIfDue()
        }
        await pace.turn()
      }
    } catch (error) {
      this.#stopFor(error)
    }
    this.#caughtUp.resolve()
  }

  #fold(record: LogRecord): void {
    const { canvas } = this
    const infoBefore = canvas.infoAt
    this.#changes.clear()
    const verdicts = this.#judge(record)
    this.#refusals.add(record.position, verdicts)
    this.cellsFolded += verdicts.length
    this.#cellsSinceSnapshot += verdicts.length
    this.#cellsSinceKeyframe += verdicts.length
    this.#claims.judged(record.position, verdicts)
    for (const listener of this.#listeners) {
      listener(record.position, this.#changes, canvas.infoAt !== infoBefore)
    }
  }

  /** An error that the canvas does not announce left it half-way: it is not to be saved. */
  #judge(record: LogRecord): Uint8Array {
    try {
      return this.canvas.apply(record, this.#changes, this.strokes?.current)
    } catch (error) {
      this.#isBroken = !(error instanceof SpateError)
      throw error
    }
  }

  #stopFor(error: unknown): void {
    const reason =
      error instanceof SpateError ? error : new SpateError('corrupt', 'the fold failed', { cause: error })
    this.#refuse(reason)
    this.#services.onStopped(reason)
  }

  #refuse(reason: SpateError): void {
    this.stopped = reason
    this.#claims.fail(reason)
  }

  /**
   * Puts a player's intents into the log and answers with the fold's verdicts. Wrapped coordinates, at most
   * 16,384 intents. Errors: `overloaded`, those of the log, and why the fold stopped.
   */
  submit(player: number, intents: readonly Intent[]): Promise<Outcome> {
    if (this.stopped !== undefined) return Promise.reject(this.stopped)
    return this.#intake.submit(player, intents)
  }

  /** Whether the canvas shows all that was submitted here. */
  get idle(): boolean {
    return this.#intake.idle
  }

  /**
   * Appends records of any type, all or none; answers as {@link submit} does, a result for each.
   * @param timesMs when each happened, for what happened elsewhere
   */
  async append(records: readonly CanvasRecord[], timesMs?: readonly number[]): Promise<Outcome[]> {
    if (this.stopped !== undefined) throw this.stopped
    const stamped = records.map((record, i) => {
      const timeMs = timesMs?.[i]
      const stamp = timeMs === undefined ? {} : { timeMs }
      return { type: record.type, body: encodeBody(record), ...stamp }
    })
    const positions = await this.#claims.during(() => this.#services.log.append(this.#stream, stamped))
    return Promise.all(
      positions.map(async (position) => ({ position, verdicts: await this.#claims.take(position) })),
    )
  }

  /** Until the returned function is called. */
  listen(listener: FoldListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get #isKeyframeDue(): boolean {
    return this.#cellsSinceKeyframe >= KEYFRAME_EVERY_CELLS
  }

  #saveIfDue(): void {
    if (this.#saved !== undefined) return
    const keyframe = this.#isKeyframeDue
    if (keyframe || this.#cellsSinceSnapshot >= SNAPSHOT_EVERY_CELLS) void this.save(keyframe)
  }

  /** The fold goes on while it is written, as far as the next one. */
  async #keepKeyframe(): Promise<void> {
    while (this.#saved !== undefined) await this.#saved
    this.#cellsSinceKeyframe = 0
    this.#saved = this.#write((refusals) => this.#snapshots.saveKeyframe(this.canvas, refusals))
  }

  #armTimer(): void {
    this.#cancelTimer = this.#services.clock.after(SNAPSHOT_EVERY_MS, () => {
      this.#armTimer()
      if (this.canvas.position > this.#savedAt) void this.save(false)
    })
  }

  /** Saves now, after a save that is under way. Failures are reported, not thrown. */
  async save(keyframe: boolean): Promise<void> {
    if (this.#isBroken) return
    while (this.#saved !== undefined) await this.#saved
    this.#saved = this.#save(keyframe)
    await this.#saved
  }

  async #save(keyframe: boolean): Promise<void> {
    const { position } = this.canvas
    this.#cellsSinceSnapshot = 0
    if (keyframe) this.#cellsSinceKeyframe = 0
    await this.#write(async (refusals) => {
      const strokes = this.strokes?.take()
      await this.#snapshots.save(this.canvas, refusals, keyframe, this.#cellsSinceKeyframe, strokes)
      this.#savedAt = position
    })
  }

  /** What was refused goes with it. One that fails is made up for by the next. */
  async #write(save: (refusals: RefusalRun) => Promise<void>): Promise<void> {
    const saving = this.#refusals
    this.#saving = saving
    this.#refusals = new RefusalRun()
    try {
      await save(saving)
    } catch (error) {
      saving.append(this.#refusals)
      this.#refusals = saving
      this.#services.onSnapshotError(error)
    } finally {
      this.#saving = new RefusalRun()
      this.#saved = undefined
    }
  }

  #refusalsIn(after: Position, upTo: Position): RefusalRun[] {
    return [...this.#snapshots.refusalsIn(after, upTo), this.#saving, this.#refusals]
  }

  /**
   * The strokes of the records after a position, folded again from the stream's beginning beside the board: for
   * meters that stand before what is kept for them. Ends where that begins, or when `signal` aborts.
   * Errors: those of the log; `newer-version`, `corrupt`.
   */
  async *strokesAgain(after: Position, signal: AbortSignal): AsyncIterable<Strokes> {
    const canvas = new Canvas()
    const changes = new Changes()
    const pace = new Pace()
    let strokes = new Strokes(after, 0)
    while (!signal.aborted && canvas.position < (this.strokes?.from ?? START)) {
      const batch = await this.#services.log.read(this.#stream, canvas.position, FOLLOW_LIMIT)
      if (batch.length === 0) throw new SpateError('corrupt', 'the log ends before what was folded of it')
      for (const record of batch) {
        changes.clear()
        canvas.apply(record, changes, record.position > after ? strokes : undefined)
        if (strokes.count >= STROKES_AT_ONCE) {
          yield strokes
          strokes = new Strokes(canvas.position, canvas.timeMs)
        }
        await pace.turn()
      }
    }
    yield strokes
  }

  /** What the board shows now. The chunks are live: copy them before the next turn. */
  now(): View {
    const { position, timeMs, info, chunks } = this.canvas
    return { position, timeMs, info, chunk: (index) => chunks[index]?.colors }
  }

  /** The board as of a position. Errors: `not-found` before its creation or beyond its head. */
  async at(position: Position): Promise<View> {
    if (position > this.canvas.position) {
      throw new SpateError('not-found', `the board is at position ${this.canvas.position}`)
    }
    return this.#replay(this.#pictureBefore(this.#snapshots.keyframeBefore(position)), (at) => at <= position)
  }

  /** The board as of a moment, ms. Errors: `not-found` before its creation. */
  async atTime(timeMs: number): Promise<View> {
    const start = this.#snapshots.keyframeBeforeTime(timeMs)
    return this.#replay(this.#pictureBefore(start), (_at, recordMs) => recordMs <= timeMs)
  }

  #pictureBefore(keyframe: ReturnType<Snapshots['keyframeBefore']>): Picture {
    if (keyframe === undefined) {
      return new Picture({ position: START, timeMs: 0, info: this.canvas.info }, () => undefined)
    }
    return new Picture(keyframe, (index) => this.#snapshots.keyChunk(index, keyframe.position))
  }

  async #replay(picture: Picture, until: (at: Position, timeMs: number) => boolean): Promise<View> {
    const from = picture.position as Position
    for await (const { position, timeMs, record, refusals } of this.history.records(
      from,
      this.canvas.position,
      picture.timeMs,
    )) {
      if (!until(position, timeMs)) break
      picture.apply(position, timeMs, record, refusals)
    }
    if (picture.position === START) throw new SpateError('not-found', 'the board did not exist then')
    return picture
  }

  /** Ends following, then saves once more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer?.()
    this.#stop.abort()
    await this.#running
    this.#refuse(new SpateError('unavailable', 'the server is stopping'))
    if (this.canvas.position > this.#savedAt) await this.save(false)
    while (this.#saved !== undefined) await this.#saved
  }
}
