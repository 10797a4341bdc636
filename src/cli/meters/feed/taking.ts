import { createHash } from 'node:crypto'
import { backoffMs } from '../../../base/backoff.ts'
import type { Clock } from '../../../base/clock.ts'
import { messageOf, SpateError } from '../../../base/errors.ts'
import { parseExactly } from '../../../base/exact-json.ts'
import { ProblemError } from '../../../client/api.ts'
import type { MeterApi, MeterWrite } from '../../../client/meters.ts'
import {
  COUNTS,
  meterOfThing,
  pointspacedDeclaration,
  THINGS,
  writeOfMessage,
} from '../../../meters/pointspaced.ts'
import type { Write } from '../../../meters/writes.ts'

/** A message, and where it was found. */
export interface Item {
  readonly at: Readonly<Record<string, string | number>>
  readonly text: string
}

/** Where messages go that nobody can take. Resolves when they are there to stay. */
export type Reject = (item: Item, reason: string) => Promise<void>

export interface Taking {
  readonly meters: Pick<MeterApi, 'list' | 'declare' | 'write'>
  readonly reject: Reject
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  /** Told when the server does not take a batch for a reason that passes. */
  readonly onWaiting: (reason: string) => void
}

export interface Account {
  taken: number
  rejected: number
}

interface Candidate {
  readonly item: Item
  readonly write: MeterWrite
}

const FIRST_WAIT_MS = 250
const MOST_WAIT_MS = 15_000
const TAKEN_OTHERWISE = 'urn:spate:problem:conflict'
/** What a server says of messages; anything else is said of who asks, or by somebody in between. */
const REFUSALS: ReadonlySet<string> = new Set([
  TAKEN_OTHERWISE,
  ...['invalid', 'not-found', 'gone', 'too-large'].map((code) => `urn:spate:problem:${code}`),
])
/** Of things, any that could have been declared: whether it was, is the server's to say. */
const THING = /^[a-z0-9][a-z0-9._-]{0,59}$/

/**
 * Hands batches of messages to a server. Each request has a key made of the batch's name and the part of it, so a
 * batch that is handed over again, the same messages under the same name, counts once, whatever became of it before.
 *
 * A message that cannot be read or that the server refuses is set aside with the reason, and the rest goes on: what
 * stands before it and after it in the batch are requests of their own. As the server keeps what it said of a key, that
 * comes out the same when the batch is handed over again. While the server is away or busy, the same is tried again.
 */
export class Taker {
  readonly #taking: Taking
  readonly #declared = new Set<string>()
  readonly account: Account = { taken: 0, rejected: 0 }

  constructor(taking: Taking) {
    this.#taking = taking
  }

  /**
   * Resolves when every message is taken or set aside. Errors: `unauthorized`, `forbidden` for the token; the
   * signal's reason where it aborts while the server does not answer.
   */
  async take(name: string, items: readonly Item[]): Promise<void> {
    const candidates: Candidate[] = []
    for (const item of items) {
      try {
        candidates.push({ item, write: requestOf(readMessage(item.text)) })
      } catch (error) {
        if (!(error instanceof SpateError)) throw error
        await this.#reject(item, error.message)
      }
    }
    if (candidates.length === 0) return
    await this.#declare(candidates)
    await this.#send(name, candidates, 0, candidates.length)
  }

  /** The meters that pointspaced always had; others are the organiser's to declare. */
  async #declare(candidates: readonly Candidate[]): Promise<void> {
    const own = [COUNTS, ...[...THINGS].map(meterOfThing)]
    const used = new Set(candidates.map(({ write }) => write.meter))
    const missing = own.filter((meter) => used.has(meter) && !this.#declared.has(meter))
    if (missing.length === 0) return
    const there = new Set((await this.#insist(() => this.#taking.meters.list())).map(({ name }) => name))
    for (const meter of missing) {
      if (!there.has(meter)) {
        const declared = declaredOf(meter)
        await this.#insist(() => this.#taking.meters.declare(meter, declared))
      }
      this.#declared.add(meter)
    }
  }

  /** The part of a batch from one candidate to before another. */
  async #send(name: string, all: readonly Candidate[], from: number, end: number): Promise<void> {
    if (from === end) return
    const part = all.slice(from, end)
    try {
      const key = keyOf(name, from, end)
      await this.#insist(() =>
        this.#taking.meters.write(
          part.map(({ write }) => write),
          key,
        ),
      )
      this.account.taken += part.length
    } catch (error) {
      if (!(error instanceof ProblemError) || !REFUSALS.has(error.problem.type)) throw error
      const { detail, write, type } = error.problem
      if (type === TAKEN_OTHERWISE) {
        // Perhaps it counted: in other parts it would count again.
        await this.#rejectAll(part, 'with other messages this part of the feed was handed over before')
      } else if (write !== undefined && write < part.length) {
        const at = from + write
        await this.#rejectAll(part.slice(write, write + 1), detail)
        await this.#send(name, all, from, at)
        await this.#send(name, all, at + 1, end)
      } else if (type === 'urn:spate:problem:not-found') throw error
      else if (part.length > 1) {
        const middle = from + Math.floor(part.length / 2)
        await this.#send(name, all, from, middle)
        await this.#send(name, all, middle, end)
      } else await this.#rejectAll(part, detail)
    }
  }

  async #rejectAll(candidates: readonly Candidate[], detail: string): Promise<void> {
    for (const { item } of candidates) await this.#reject(item, detail.replace(/^write \d+: /, ''))
  }

  async #reject(item: Item, reason: string): Promise<void> {
    await this.#taking.reject(item, reason)
    this.account.rejected += 1
  }

  /** Asks until there is an answer. */
  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, random, signal, onWaiting } = this.#taking
    for (let failures = 1; ; failures++) {
      try {
        return await ask()
      } catch (error) {
        const waitMs = passes(error)
        if (waitMs === undefined) throw error
        signal.throwIfAborted()
        onWaiting(messageOf(error))
        await pause(
          clock,
          Math.max(waitMs, backoffMs(failures, FIRST_WAIT_MS, MOST_WAIT_MS, random())),
          signal,
        )
      }
    }
  }
}

/** Whether asking again can help, and after how many ms at the earliest. */
function passes(error: unknown): number | undefined {
  if (error instanceof SpateError) return error.retryable ? (error.retryAfterMs ?? 0) : undefined
  if (!(error instanceof ProblemError)) return undefined
  const { status, retryAfterMs } = error.problem
  return status === 429 || status >= 500 || status === 408 ? (retryAfterMs ?? 0) : undefined
}

export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = (): void => {
      cancel()
      reject(signal.reason)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** Names may be long, keys may not. */
function keyOf(name: string, from: number, end: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, from, end]))
    .digest('base64url')
  return `feed/${hash}`
}

/** Errors: `invalid`. */
function readMessage(text: string): Write {
  let message: unknown
  try {
    message = parseExactly(text)
  } catch (cause) {
    throw new SpateError('invalid', 'no JSON', { cause })
  }
  return writeOfMessage(message, (thing) => THING.test(thing) && meterOfThing(thing) !== COUNTS)
}

function requestOf(write: Write): MeterWrite {
  const { meter, entity, dimensions = [], kind } = write
  const amount = String(write.amount ?? 1)
  const target = { meter, entity, dimensions, kind, amount }
  return write.kind === 'total'
    ? { ...target, from: write.from, to: write.to }
    : { ...target, second: write.second }
}

function declaredOf(meter: string): Parameters<MeterApi['declare']>[1] {
  const { dimensions, totalsOver, lateSeconds, futureSeconds } = pointspacedDeclaration(meter)
  return { dimensions, lateSeconds, futureSeconds, ...(totalsOver === undefined ? {} : { totalsOver }) }
}
