import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { TurnGate } from '../../base/turn-gate.ts'
import type { Span } from '../../meters/questions.ts'
import { isKnown } from '../etag.ts'
import type { MeterBase } from './base.ts'
import { type AskedRange, type RangeQuery, rangeOf, spanAt } from './range.ts'

/** Questions that go through much at once, which share the thread with everybody else, and those that may wait. */
const AT_ONCE = 4
const MAY_WAIT = 256

/** What a question is asked of, and about which seconds. */
export interface Asked {
  readonly base: MeterBase
  readonly range: AskedRange
  readonly span: Span
  readonly nowSecond: number
}

/** How questions are answered: with their range, their position and a tag, few of the costly ones at once. */
export class Asking {
  readonly #clock: Clock
  readonly #gate = new TurnGate(AT_ONCE, MAY_WAIT, 'too many questions about meters are being answered')

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get nowSecond(): number {
    return Math.floor(this.#clock.now() / 1000)
  }

  /**
   * The answer to a question, or 304 where the client has it. What is tagged is as of the tag's position or a later
   * one. Errors: `invalid`, `overloaded`, those of the question.
   */
  async answer<T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    base: MeterBase,
    query: RangeQuery,
    ask: (asked: Asked) => Promise<T>,
  ): Promise<T & Span> {
    const { nowSecond } = this
    const range = rangeOf(query)
    const span = spanAt(range, nowSecond)
    if (this.isFresh(request, reply, base, `${span.from}-${span.to}`)) {
      // Answered already: Fastify takes the reply itself for that.
      return reply as never
    }
    const answer = await this.costly(() => ask({ base, range, span, nowSecond }))
    return { from: span.from, to: span.to, ...answer }
  }

  /** Puts the headers of an answer; true where the client has it, and is told so. */
  isFresh(request: FastifyRequest, reply: FastifyReply, { source, tag }: MeterBase, of: string): boolean {
    // Taken before the question is asked: what is committed meanwhile is in a later answer's tag.
    const etag = `"${tag}-${source.position}-${of}"`
    void reply
      .header('etag', etag)
      .header('cache-control', 'no-cache')
      .header('x-content-version', source.position)
    // A question that is posted has no copy that could be known.
    if (request.method === 'POST' || !isKnown(request.headers['if-none-match'], etag)) return false
    void reply.status(304).send()
    return true
  }

  costly<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.pass(work)
  }
}
