import { assert } from '../base/assert.ts'
import { SpateError } from '../base/errors.ts'
import type { Log, NewRecord, Position } from '../log/port.ts'
import { encodeBody } from './canvas/codec.ts'
import { RecordType } from './canvas/records.ts'

/** Intents waiting for the log, over all callers; more are refused as `overloaded`. */
const MAX_WAITING = 262_144
/** What one caller may submit at once. */
const MAX_INTENTS_A_CALL = 16_384
/**
 * Two such records fill a page of the embedded log (4 KiB), at 9.3 bytes an intent; larger ones would take
 * pages of their own and leave the last half empty. Only a caller's own larger run makes a larger record.
 */
const INTENTS_A_RECORD = 220

export interface Intent {
  readonly x: number
  readonly y: number
  readonly color: number
}

export interface Outcome {
  readonly position: Position
  /** One for each intent, in order. */
  readonly verdicts: Uint8Array
}

/** Hands over the verdicts of a record once it has been folded. */
export type Judged = (position: Position) => Promise<Uint8Array>

interface Waiter {
  readonly from: number
  readonly count: number
  readonly done: PromiseWithResolvers<Outcome>
}

class Batch {
  count = 0
  player = new Uint32Array(256)
  x = new Uint16Array(256)
  y = new Uint16Array(256)
  color = new Uint8Array(256)
  readonly waiters: Waiter[] = []

  add(player: number, intents: readonly Intent[]): Promise<Outcome> {
    const from = this.count
    this.#reserve(from + intents.length)
    let at = from
    for (const { x, y, color } of intents) {
      this.player[at] = player
      this.x[at] = x
      this.y[at] = y
      this.color[at] = color
      at += 1
    }
    this.count = at
    const done = Promise.withResolvers<Outcome>()
    this.waiters.push({ from, count: intents.length, done })
    return done.promise
  }

  #reserve(count: number): void {
    if (count <= this.x.length) return
    const size = Math.max(count, this.x.length * 2)
    const { player, x, y, color } = this
    this.player = new Uint32Array(size)
    this.x = new Uint16Array(size)
    this.y = new Uint16Array(size)
    this.color = new Uint8Array(size)
    this.player.set(player)
    this.x.set(x)
    this.y.set(y)
    this.color.set(color)
  }
}

/**
 * Gathers the intents of a board's players into `placed` records: those that arrive while an append is under
 * way make the next. Intents of one caller keep their order. When an append fails, all who waited for it
 * hear why, and nothing of theirs is in the log.
 */
export class Intake {
  readonly #log: Pick<Log, 'append'>
  readonly #stream: string
  readonly #judged: Judged
  #open: Batch[] = []
  #waiting = 0
  #appending = false

  constructor(log: Pick<Log, 'append'>, stream: string, judged: Judged) {
    this.#log = log
    this.#stream = stream
    this.#judged = judged
  }

  /** Whether nothing is on its way to the fold. */
  get idle(): boolean {
    return this.#waiting === 0
  }

  /** Resolves once durable and judged. Wrapped coordinates. Errors: `overloaded`, those of the log. */
  submit(player: number, intents: readonly Intent[]): Promise<Outcome> {
    assert(intents.length <= MAX_INTENTS_A_CALL, 'a caller submits at most one record')
    if (this.#waiting + intents.length > MAX_WAITING) {
      return Promise.reject(new SpateError('overloaded', 'too many edits wait for the log'))
    }
    this.#waiting += intents.length
    let batch = this.#open.at(-1)
    if (batch === undefined || batch.count + intents.length > INTENTS_A_RECORD) {
      batch = new Batch()
      this.#open.push(batch)
    }
    const outcome = batch.add(player, intents)
    if (!this.#appending) {
      this.#appending = true
      // What arrives in the same turn of the event loop shares the first append, too.
      setImmediate(() => void this.#appendAll())
    }
    return outcome
  }

  async #appendAll(): Promise<void> {
    while (this.#open.length > 0) {
      const batches = this.#open
      this.#open = []
      try {
        const positions = await this.#log.append(this.#stream, batches.map(recordOf))
        batches.forEach((batch, i) => void this.#settle(batch, positions[i]))
      } catch (error) {
        for (const batch of batches) this.#fail(batch, error)
      }
    }
    this.#appending = false
  }

  async #settle(batch: Batch, position: Position | undefined): Promise<void> {
    assert(position !== undefined, 'a position for each record')
    try {
      const verdicts = await this.#judged(position)
      this.#waiting -= batch.count
      for (const { from, count, done } of batch.waiters) {
        done.resolve({ position, verdicts: verdicts.subarray(from, from + count) })
      }
    } catch (error) {
      this.#fail(batch, error)
    }
  }

  #fail(batch: Batch, error: unknown): void {
    this.#waiting -= batch.count
    for (const { done } of batch.waiters) done.reject(error)
  }
}

function recordOf(batch: Batch): NewRecord {
  return { type: RecordType.placed, body: encodeBody({ type: RecordType.placed, body: batch }) }
}
