import type { FastifyReply, FastifyRequest } from 'fastify'
import { RecordType } from '../boards/canvas/records.ts'
import { eachCell } from '../boards/history.ts'
import { type BoardHost, boardStream } from '../boards/host.ts'
import { START } from '../log/port.ts'
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
import { recordsUpTo, StreamedAnswers } from './streamed.ts'
import { requireAdmin } from './visitor.ts'

/** Each reads a whole stream. */
const EXPORTS_AT_ONCE = 2
const CHUNK_CHARACTERS = 1 << 16

const KINDS: ReadonlyMap<number, PlacementRow['kind']> = new Map([
  [RecordType.placed, 'placed'],
  [RecordType.painted, 'painted'],
  [RecordType.restored, 'restored'],
])

/**
 * Everything that ever showed on a board, in the order of its log, up to where the board is when the export
 * begins. It is read as fast as it is taken and holds one record's rows at a time.
 *
 * A line of the kind `end` closes the NDJSON; see `streamed.ts` for what breaks off.
 */
export async function exportRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, log, players, logger } = services
  const security = [{ bearer: [] }]
  const answers = new StreamedAnswers(logger, EXPORTS_AT_ONCE)
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))

  const recordsOf = (host: BoardHost): AsyncIterable<Uint8Array> =>
    recordsUpTo(log, boardStream(host.id), host.canvas.position, ({ type }) => type === RecordType.created)

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
    const { position } = host.canvas
    return answers.send(request, reply, { what: boardStream(host.id), position, contentType, chunks })
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
      return send(request, reply, host, 'application/octet-stream', () => recordsOf(host))
    },
  )
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
