import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { messageOf, SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { eachCell } from '../boards/history.ts'
import { type BoardHost, boardStream } from '../boards/host.ts'
import { START } from '../log/port.ts'
import { encodeEnd, encodeRecords } from '../log/record-stream.ts'
import type { App } from './app.ts'
import {
  Csv2022Writer,
  NdjsonWriter,
  type PlacementRow,
  type RowContext,
  type RowWriter,
  rowOf,
} from './placement-rows.ts'
import { BoardParams, fileOf } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

/** Each reads a whole stream; they share the thread with everybody else. */
const EXPORTS_AT_ONCE = 2
/** Somebody who takes nothing for so long gives their place up. */
const STALLED_AFTER_MS = 60_000
const CHUNK_CHARACTERS = 1 << 16
const READ = { records: 2048, bytes: 1 << 20 }

const KINDS: ReadonlyMap<number, PlacementRow['kind']> = new Map([
  [RecordType.placed, 'placed'],
  [RecordType.painted, 'painted'],
  [RecordType.restored, 'restored'],
])

/**
 * Everything that ever showed on a board, in the order of its log, up to where the board is when the export
 * begins. It is read as fast as it is taken and holds one record's rows at a time.
 *
 * Its length is not known when it begins. What breaks off is an answer without its last chunk, which every HTTP/1.1
 * client reports as an error; HTTP/1.0 has no such thing and is refused. A line of the kind `end` closes the NDJSON.
 */
export async function exportRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, log, players, logger } = services
  const security = [{ bearer: [] }]
  let exports = 0
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))

  function rows(
    request: FastifyRequest,
    reply: FastifyReply,
    host: BoardHost,
    makeWriter: (context: RowContext) => RowWriter,
  ): FastifyReply {
    const writer = makeWriter({
      palette: host.canvas.info.palette,
      player: (number) => players.player(number),
    })
    return send(request, reply, host, writer.contentType, () => rowsOf(host, writer))
  }

  function send(
    request: FastifyRequest,
    reply: FastifyReply,
    host: BoardHost,
    contentType: string,
    chunks: () => AsyncIterable<string | Uint8Array>,
  ): FastifyReply {
    if (request.raw.httpVersion === '1.0') {
      throw new SpateError('invalid', 'HTTP/1.0 cannot tell a whole export from a part: use HTTP/1.1')
    }
    if (exports >= EXPORTS_AT_ONCE) throw new SpateError('overloaded', 'other exports are under way')
    const { position } = host.canvas
    const stream = Readable.from(chunks(), { objectMode: false })
    exports += 1
    stream.once('close', () => {
      exports -= 1
    })
    stream.on('error', (error) => {
      logger.warn({ board: host.id, reason: messageOf(error) }, 'an export broke off')
    })
    reply.raw.setTimeout(STALLED_AFTER_MS, () => {
      stream.destroy(new SpateError('unavailable', 'the export was not taken'))
    })
    void reply.header('x-content-version', position).header('cache-control', 'no-store')
    return reply.type(contentType).send(stream)
  }

  app.get(
    '/api/boards/:id/history.csv',
    {
      schema: {
        summary: 'Every placement, in the CSV of r/place 2022',
        description:
          'Colours are those of the present palette. A broken connection means an incomplete file.',
        security,
        params: BoardParams,
        response: { 200: fileOf('text/csv') },
      },
    },
    (request, reply) =>
      rows(request, reply, boards.get(request.params.id), (context) => new Csv2022Writer(context)),
  )

  app.get(
    '/api/boards/:id/history.ndjson',
    {
      schema: {
        summary: 'Every placement, a JSON object a line',
        description:
          'kind (placed, painted, restored), position, at, x, y, color, hex, player. The last line is ' +
          '{"kind":"end","rows","position"}; without it the file is incomplete.',
        security,
        params: BoardParams,
        response: { 200: fileOf('application/x-ndjson') },
      },
    },
    (request, reply) =>
      rows(request, reply, boards.get(request.params.id), (context) => new NdjsonWriter(context)),
  )

  app.get(
    '/api/boards/:id/records',
    {
      schema: {
        summary: 'Every record of a board’s stream, as it is stored (PROTOCOL.md)',
        description: 'The last record says that it is whole; without it the answer is incomplete.',
        security,
        params: BoardParams,
        response: { 200: fileOf('application/octet-stream') },
      },
    },
    (request, reply) => {
      const host = boards.get(request.params.id)
      return send(request, reply, host, 'application/octet-stream', () => recordsOf(log, host))
    },
  )
}

async function* recordsOf(log: HttpServices['log'], host: BoardHost): AsyncGenerator<Uint8Array> {
  const { position: end } = host.canvas
  const pace = new Pace()
  let at = START
  while (at < end) {
    const batch = await log.read(boardStream(host.id), at, READ)
    const last = batch.at(-1)
    const isCut = at === START && batch[0]?.type !== RecordType.created
    if (last === undefined || isCut)
      throw new SpateError('gone', 'the log does not hold the whole board any more')
    yield encodeRecords(batch.filter(({ position }) => position <= end))
    at = last.position
    await pace.turn()
  }
  yield encodeEnd(end)
}

async function* rowsOf(host: BoardHost, writer: RowWriter): AsyncGenerator<string> {
  const { canvas, history } = host
  const { position } = canvas
  let rows = 0
  let text = writer.begin()
  for await (const judged of history.records(START, position)) {
    const kind = KINDS.get(judged.record.type)
    if (kind === undefined) continue
    const full: string[] = []
    eachCell(judged, (x, y, cell) => {
      text += writer.row(rowOf(judged, kind, canvas.signed(x, y), cell))
      rows += 1
      if (text.length < CHUNK_CHARACTERS) return
      full.push(text)
      text = ''
    })
    yield* full
  }
  yield text + writer.end(rows, position)
}
