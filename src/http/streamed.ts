import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { messageOf, SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Log, type LogRecord, type Position, START } from '../log/port.ts'
import { encodeEnd, encodeRecords } from '../log/record-stream.ts'

/** Somebody who takes nothing for so long gives their place up. */
const STALLED_AFTER_MS = 60_000
const READ = { records: 2048, bytes: 1 << 20 }

export interface Streamed {
  /** For the log, where it breaks off. */
  readonly what: string
  /** Up to where it goes. */
  readonly position: Position
  readonly contentType: string
  chunks(): AsyncIterable<string | Uint8Array>
}

/**
 * Long answers, which are read as fast as they are taken, a few at once: they share the thread with everybody else.
 *
 * Their length is not known when they begin. What breaks off is an answer without its last chunk, which every HTTP/1.1
 * client reports as an error; HTTP/1.0 has no such thing and is refused.
 */
export class StreamedAnswers {
  readonly #logger: Logger
  readonly #atOnce: number
  #underWay = 0

  constructor(logger: Logger, atOnce: number) {
    this.#logger = logger
    this.#atOnce = atOnce
  }

  /** Errors: `invalid`, `overloaded`. */
  send(request: FastifyRequest, reply: FastifyReply, streamed: Streamed): FastifyReply {
    if (request.raw.httpVersion === '1.0') {
      throw new SpateError('invalid', 'HTTP/1.0 cannot tell a whole export from a part: use HTTP/1.1')
    }
    if (this.#underWay >= this.#atOnce) throw new SpateError('overloaded', 'other exports are under way')
    const { what, position, contentType } = streamed
    const stream = Readable.from(streamed.chunks(), { objectMode: false })
    this.#underWay += 1
    stream.once('close', () => {
      this.#underWay -= 1
    })
    stream.on('error', (error) => {
      this.#logger.warn({ of: what, reason: messageOf(error) }, 'an export broke off')
    })
    reply.raw.setTimeout(STALLED_AFTER_MS, () => {
      stream.destroy(new SpateError('unavailable', 'the export was not taken'))
    })
    void reply.header('x-content-version', position).header('cache-control', 'no-store')
    return reply.type(contentType).send(stream)
  }
}

/** A stream's records up to there, as they are sent to somebody else. Errors: `gone` where its beginning is. */
export async function* recordsUpTo(
  log: Pick<Log, 'read'>,
  stream: string,
  end: Position,
  isFirst: (record: LogRecord) => boolean,
): AsyncGenerator<Uint8Array> {
  const pace = new Pace()
  let at = START
  while (at < end) {
    const batch = await log.read(stream, at, READ)
    const [first] = batch
    const last = batch.at(-1)
    if (first === undefined || last === undefined || (at === START && !isFirst(first)))
      throw new SpateError('gone', 'the log does not hold all of it any more')
    yield encodeRecords(batch.filter(({ position }) => position <= end))
    at = last.position
    await pace.turn()
  }
  yield encodeEnd(end)
}
