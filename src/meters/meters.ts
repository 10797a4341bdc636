import { crashPoint } from '../base/crash.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Log, type LogRecord, type Position, START } from '../log/port.ts'
import { checkDeclaration, type Declaration } from './declaration.ts'
import { MeterFold } from './fold.ts'
import { Folding } from './folding.ts'
import { outcomeFact } from './names.ts'
import { checkOrigin, originOf } from './origin.ts'
import type { MeterStore } from './port.ts'
import { Questions } from './questions.ts'
import { encodeMeterRecord, type MeterRecord, MeterRecordType } from './records.ts'
import { Listeners, type MeterSource } from './source.ts'
import { errorOf, type Outcome, outcomeOf } from './verdicts.ts'
import { columnsOfWrites, type Write } from './writes.ts'

export const METER_STREAM = 'meters'
/** Amounts after which what was folded is handed to the store, so that one hand-over does not hold the thread long. */
const AMOUNTS_A_COMMIT = 131_072

/**
 * Runs the meters: follows their stream, folds it, hands what it makes to the store, answers questions from there.
 *
 * A write is answered once its record is durable, judged, and to be seen by questions. What was folded and the
 * position go to the store in one commit, after at most 131,072 amounts; who writes meanwhile shares the next. While
 * the store has no room, folding waits and who writes is told why; nothing is lost, the log has it. A record that
 * cannot be read stops the fold for good: `stopped` says why, writes are refused, questions go on from what is known.
 *
 * Several servers may run the meters of one log over one store: each folds what the store does not reflect yet, one of
 * them commits it, the others throw theirs away and go on from there. Who wrote through them is answered from the store,
 * which remembers for 24 hours what became of a record.
 */
export class Meters implements MeterSource, AsyncDisposable {
  readonly questions: Questions
  stopped: SpateError | undefined
  readonly #log: Log
  readonly #store: MeterStore
  readonly #fold: MeterFold
  readonly #folding: Folding
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Why what was folded is not stored yet. */
  #stalled: SpateError | undefined
  /** For what became of records that are not in the store yet. */
  #waiting = new Map<Position, PromiseWithResolvers<Outcome>>()
  readonly #listeners = new Listeners()
  readonly #opened = Promise.withResolvers<void>()

  private constructor(log: Log, store: MeterStore, fold: MeterFold) {
    this.#log = log
    this.#store = store
    this.#fold = fold
    this.#folding = new Folding(fold, store, this.#stop.signal, (reason) => this.#stall(reason))
    this.questions = new Questions(fold, store)
  }

  /** Resolves when all is folded that the log held at the call. Errors: `corrupt` where the store is ahead of the log or of another; those of both. */
  static async open(log: Log, store: MeterStore): Promise<Meters> {
    const fold = await MeterFold.open(store)
    const head = await log.head(METER_STREAM)
    if (store.position > head) throw aheadOfLog()
    const meters = new Meters(log, store, fold)
    await meters.#tie()
    if (store.position === head) meters.#opened.resolve()
    meters.#running = meters.#run(head)
    await meters.#opened.promise
    return meters
  }

  /** Once there is a record. */
  async #tie(): Promise<void> {
    if (this.#fold.origin === '') this.#fold.origin = await originOf(this.#log, METER_STREAM)
    checkOrigin(this.#store.origin, this.#fold.origin)
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
    const body = encodeMeterRecord(record)
    const [position = START] = await this.#log.append(METER_STREAM, [{ type: record.type, body }])
    const { position: counted, refusal } = await this.#outcome(position)
    if (refusal !== null) throw errorOf(refusal)
    return counted
  }

  /** Once it is in the store. */
  #outcome(position: Position): Promise<Outcome> {
    if (position <= this.#store.position) return this.#storedOutcome(position)
    const halted = this.stopped ?? this.#stalled
    if (halted !== undefined) return Promise.reject(halted)
    const waiting = Promise.withResolvers<Outcome>()
    this.#waiting.set(position, waiting)
    return waiting.promise
  }

  async #storedOutcome(position: Position): Promise<Outcome> {
    const [stored] = await this.#store.facts([outcomeFact(position)])
    return outcomeOf(position, stored)
  }

  async #run(head: Position): Promise<void> {
    const pace = new Pace()
    const { signal } = this.#stop
    try {
      while (!signal.aborted) {
        const lost = new AbortController()
        const stopHearing = this.#store.onLost(() => lost.abort())
        const either = AbortSignal.any([signal, lost.signal])
        for await (const batch of this.#log.follow(METER_STREAM, this.#fold.position, either)) {
          if (!(await this.#foldAll(batch, pace))) break
          if (this.#store.position >= head) this.#opened.resolve()
        }
        stopHearing()
        if (lost.signal.aborted && (await this.#folding.lookAgain())) await this.#moved()
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

  /** False where the store has fallen behind the batch, so that the log is to be read again from there. */
  async #foldAll(batch: readonly LogRecord[], pace: Pace): Promise<boolean> {
    const before = this.#fold.position
    await this.#tie()
    if (await this.#folding.lookAgain()) await this.#moved()
    let rest = batch.filter(({ position }) => position > this.#fold.position)
    while (rest.length > 0) {
      if (this.#fold.position < before) return false
      const judged: [Position, Outcome][] = []
      const isCommitted = await this.#folding.run(async () => {
        await this.#fold.prefetch(rest)
        for (const record of rest) {
          try {
            judged.push([record.position, await this.#fold.fold(record)])
          } catch (error) {
            // What lies before a record that cannot be read is committed first.
            if (judged.length === 0 || this.#fold.position === record.position) throw error
            break
          }
          if (this.#fold.waiting >= AMOUNTS_A_COMMIT) break
          await pace.turn()
        }
        crashPoint('meters.before-commit')
      })
      if (isCommitted) {
        crashPoint('meters.after-commit')
        for (const [position, outcome] of judged) this.#tell(position, outcome)
        this.#listeners.tell()
      } else await this.#moved()
      rest = rest.filter(({ position }) => position > this.#fold.position)
    }
    return this.#fold.position >= before
  }

  /** The store was found elsewhere. Who waits for what it reflects now is told from there. */
  async #moved(): Promise<void> {
    if (await this.#isAhead()) throw aheadOfLog()
    checkOrigin(this.#store.origin, this.#fold.origin)
    for (const position of this.#waiting.keys()) {
      if (position <= this.#store.position) this.#tell(position, this.#storedOutcome(position))
    }
    this.#listeners.tell()
  }

  async #isAhead(): Promise<boolean> {
    try {
      return this.#store.position > (await this.#log.head(METER_STREAM))
    } catch (error) {
      // Not known now; it is asked again where the store has moved the next time.
      if (error instanceof SpateError && error.retryable) return false
      throw error
    }
  }

  #tell(position: Position, outcome: Outcome | Promise<Outcome>): void {
    this.#waiting.get(position)?.resolve(outcome)
    this.#waiting.delete(position)
  }

  #stall(reason: SpateError | undefined): void {
    this.#stalled = reason
    if (reason !== undefined) this.#rejectWaiting(reason)
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

function aheadOfLog(): SpateError {
  return new SpateError('corrupt', 'the meters are ahead of their log: remove them, and they are rebuilt')
}
