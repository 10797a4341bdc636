import { setTimeout } from 'node:timers/promises'
import { messageOf, SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Log, type LogRecord, type Position, START } from '../log/port.ts'
import { checkDeclaration, type Declaration } from './declaration.ts'
import { MeterFold } from './fold.ts'
import type { MeterStore } from './port.ts'
import { Questions } from './questions.ts'
import { encodeMeterRecord, type MeterRecord, MeterRecordType } from './records.ts'
import { Listeners, type MeterSource } from './source.ts'
import { errorOf, type Outcome } from './verdicts.ts'
import { columnsOfWrites, type Write } from './writes.ts'

export const METER_STREAM = 'meters'
const COMMIT_AGAIN_AFTER_MS = 1000
/** Amounts after which what was folded is handed to the store, so that one hand-over does not hold the thread long. */
const AMOUNTS_A_COMMIT = 131_072

/**
 * Runs the meters: follows their stream, folds it, hands what it makes to the store, answers questions from there.
 *
 * A write is answered once its record is durable, judged, and to be seen by questions. What was folded and the
 * position go to the store in one commit, after at most 131,072 amounts; who writes meanwhile shares the next. While
 * the store has no room, folding waits and who writes is told why; nothing is lost, the log has it. A record that
 * cannot be read stops the fold for good: `stopped` says why, writes are refused, questions go on from what is known.
 */
export class Meters implements MeterSource, AsyncDisposable {
  readonly questions: Questions
  stopped: SpateError | undefined
  readonly #log: Log
  readonly #store: MeterStore
  readonly #fold: MeterFold
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Why what was folded is not stored yet. */
  #stalled: SpateError | undefined
  #appending = 0
  /** Of records that somebody here may have appended and has not asked for yet. */
  readonly #outcomes = new Map<Position, Outcome>()
  #waiting = new Map<Position, PromiseWithResolvers<Outcome>>()
  readonly #listeners = new Listeners()
  readonly #opened = Promise.withResolvers<void>()

  private constructor(log: Log, store: MeterStore, fold: MeterFold) {
    this.#log = log
    this.#store = store
    this.#fold = fold
    this.questions = new Questions(fold, store)
  }

  /** Resolves when all is folded that the log held at the call. Errors: `corrupt`, those of the store. */
  static async open(log: Log, store: MeterStore): Promise<Meters> {
    const head = await log.head(METER_STREAM)
    if (store.position > head) {
      throw new SpateError('corrupt', 'the meters are ahead of their log: remove them, and they are rebuilt')
    }
    const meters = new Meters(log, store, await MeterFold.open(store))
    if (store.position === head) meters.#opened.resolve()
    meters.#running = meters.#run(head)
    await meters.#opened.promise
    return meters
  }

  get position(): Position {
    return this.#store.position
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * Makes a meter, or changes what it keeps and takes. Errors: `invalid`, `conflict` for other dimensions,
   * `too-large` beyond 1,000 meters, those of the log.
   */
  async declare(declaration: Declaration): Promise<Position> {
    checkDeclaration(declaration)
    return this.#append({ type: MeterRecordType.declared, body: declaration })
  }

  /**
   * All of the writes or none; the position of their record. With a key that was used in the last 24 hours nothing is
   * written: the same writes are answered as the first time, others are a `conflict`.
   * Errors: `invalid`, `not-found` for a meter that is not there, `gone` for a total over what is not kept,
   * `too-large`, those of the log.
   */
  async write(writes: readonly Write[], key = ''): Promise<Position> {
    return this.#append({ type: MeterRecordType.written, body: columnsOfWrites(writes, key) })
  }

  async #append(record: MeterRecord): Promise<Position> {
    const halted = this.stopped ?? this.#stalled
    if (halted !== undefined) throw halted
    this.#appending += 1
    try {
      const body = encodeMeterRecord(record)
      const [position = START] = await this.#log.append(METER_STREAM, [{ type: record.type, body }])
      const { position: counted, refusal } = await this.#outcome(position)
      if (refusal !== null) throw errorOf(refusal)
      return counted
    } finally {
      this.#appending -= 1
      if (this.#appending === 0) this.#outcomes.clear()
    }
  }

  async #outcome(position: Position): Promise<Outcome> {
    const known = this.#outcomes.get(position)
    if (known !== undefined) {
      this.#outcomes.delete(position)
      return known
    }
    const halted = this.stopped ?? this.#stalled
    if (halted !== undefined) throw halted
    const waiting = Promise.withResolvers<Outcome>()
    this.#waiting.set(position, waiting)
    return waiting.promise
  }

  async #run(head: Position): Promise<void> {
    const pace = new Pace()
    try {
      for await (const batch of this.#log.follow(METER_STREAM, this.#fold.position, this.#stop.signal)) {
        await this.#foldAll(batch, pace)
        if (this.#store.position >= head) this.#opened.resolve()
      }
      this.#end(new SpateError('unavailable', 'the server is stopping'))
    } catch (error) {
      const reason =
        error instanceof SpateError
          ? error
          : new SpateError('corrupt', `the fold of meters failed: ${messageOf(error)}`, { cause: error })
      this.#end(reason)
    }
    this.#opened.resolve()
  }

  async #foldAll(batch: readonly LogRecord[], pace: Pace): Promise<void> {
    const judged: [Position, Outcome][] = []
    for (const record of batch) {
      judged.push([record.position, await this.#fold.fold(record)])
      if (this.#fold.waiting >= AMOUNTS_A_COMMIT || record === batch.at(-1)) {
        await this.#commit()
        for (const [position, outcome] of judged.splice(0)) this.#tell(position, outcome)
        this.#listeners.tell()
      }
      await pace.turn()
    }
  }

  async #commit(): Promise<void> {
    const change = this.#fold.take()
    for (;;) {
      try {
        await this.#store.commit(change)
        this.#stalled = undefined
        return
      } catch (error) {
        // At the end it is given up: the log has it all.
        if (!(error instanceof SpateError && error.retryable) || this.#stop.signal.aborted) throw error
        this.#stalled = error
        this.#rejectWaiting(error)
      }
      await setTimeout(COMMIT_AGAIN_AFTER_MS)
    }
  }

  #tell(position: Position, outcome: Outcome): void {
    const waiting = this.#waiting.get(position)
    if (waiting !== undefined) {
      this.#waiting.delete(position)
      waiting.resolve(outcome)
    } else if (this.#appending > 0) this.#outcomes.set(position, outcome)
  }

  #end(reason: SpateError): void {
    this.stopped = reason
    this.#rejectWaiting(reason)
  }

  #rejectWaiting(reason: SpateError): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const { reject } of waiting.values()) reject(reason)
  }

  /** Waits for a commit under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
