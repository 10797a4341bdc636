import { type Static, Type } from 'typebox'
import { messageOf, SpateError } from '../base/errors.ts'
import { decodeBody, MAX_CELLS_A_RECORD } from '../boards/canvas/codec.ts'
import { wrap } from '../boards/canvas/geometry.ts'
import { type Painted, RecordType } from '../boards/canvas/records.ts'
import { Verdict, verdictName } from '../boards/canvas/verdict.ts'
import type { BoardHost } from '../boards/host.ts'
import type { App } from './app.ts'
import { BoardParams, Coordinate } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

const MAX_AUTHORS = 16_384
const MAX_BODY_BYTES = 8 << 20
/** A board's past can be seen at the end of any second of the painted cells' own time. */
const RECORD_SPAN_MS = 1000
/** Appended at once; the verdicts of so many can wait to be fetched. */
const RECORDS_AT_ONCE = 1024

const Cells = { maxItems: MAX_CELLS_A_RECORD }
const PaintedColumns = Type.Object(
  {
    x: Type.Array(Coordinate, Cells),
    y: Type.Array(Coordinate, Cells),
    color: Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), Cells),
    /** Numbers of players; 0 is nobody. Default: all nobody. */
    player: Type.Optional(Type.Array(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }), Cells)),
    /** Default: all now. */
    timeMs: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 2 ** 47 }), Cells)),
  },
  { additionalProperties: false },
)

/** Cells that were judged elsewhere, with their authors and times. */
export async function importRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, players, clock } = services
  const security = [{ bearer: [] }]
  // Before the body is read.
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  )

  app.post(
    '/api/sources/:source/authors',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        summary: 'Numbers of authors from elsewhere, for POST …/painted; who is new becomes a player',
        security,
        params: Type.Object({
          /** What the names are unique in, e.g. `place2022`. */
          source: Type.String({ pattern: '^[a-z0-9._-]{1,32}$' }),
        }),
        body: Type.Object(
          {
            names: Type.Array(Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\n]*$' }), {
              maxItems: MAX_AUTHORS,
            }),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ players: Type.Array(Type.Integer()) }) },
      },
    },
    async (request) => {
      const { source } = request.params
      return { players: await players.join(request.body.names.map((name) => `s:${source}/${name}`)) }
    },
  )

  app.post(
    '/api/boards/:id/painted',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        summary: 'Add cells from elsewhere; a cell painted later than its time keeps what it has',
        description:
          'Columns of equal length, or as application/octet-stream the body of a painted record (PROTOCOL.md).',
        security,
        params: BoardParams,
        body: {
          content: {
            'application/json': { schema: PaintedColumns },
            'application/octet-stream': { schema: Type.Unsafe({ format: 'binary' }) },
          },
        },
        response: {
          200: Type.Object({
            position: Type.Integer(),
            /** How many cells got each verdict. */
            verdicts: Type.Record(Type.String(), Type.Integer()),
          }),
        },
      },
    },
    async (request) => {
      const host = boards.get(request.params.id)
      const { body } = request
      if (typeof body !== 'object' || body === null) {
        throw new SpateError('invalid', 'expected application/json or application/octet-stream')
      }
      const nowMs = clock.now()
      const verdicts = new Uint32Array(256)
      // Validated against the schema of its content type, of which there are two.
      const cells = Buffer.isBuffer(body)
        ? paintedOf(body)
        : insideOf(host, body as Static<typeof PaintedColumns>, nowMs, verdicts)
      for (let i = 0; i < cells.count; i++) {
        const timeMs = cells.timeMs[i] ?? 0
        if (!(Number.isInteger(timeMs) && timeMs > 0 && timeMs <= nowMs))
          throw new SpateError('invalid', 'timeMs: not in the past')
        if ((cells.player[i] ?? 0) > players.count) throw new SpateError('invalid', 'player: no such player')
      }
      return { position: await paint(host, cells, verdicts), verdicts: tallied(verdicts) }
    },
  )
}

/** The cells of an octet stream. Errors: `invalid`. */
function paintedOf(bytes: Buffer): Painted {
  try {
    const { type, body } = decodeBody(RecordType.painted, bytes)
    if (type === RecordType.painted && body.count <= MAX_CELLS_A_RECORD) return body
  } catch (cause) {
    throw new SpateError('invalid', messageOf(cause), { cause })
  }
  throw new SpateError('invalid', `at most ${MAX_CELLS_A_RECORD} cells`)
}

/** The cells that the board has; the others are counted. Errors: `invalid`. */
function insideOf(
  host: BoardHost,
  { x, y, color, player, timeMs }: Static<typeof PaintedColumns>,
  nowMs: number,
  verdicts: Uint32Array,
): Painted {
  for (const column of [y, color, player ?? x, timeMs ?? x]) {
    if (column.length !== x.length) throw new SpateError('invalid', 'the columns differ in length')
  }
  const cells = {
    player: new Uint32Array(x.length),
    x: new Uint16Array(x.length),
    y: new Uint16Array(x.length),
    color: new Uint8Array(x.length),
    timeMs: new Float64Array(x.length),
  }
  let count = 0
  for (let i = 0; i < x.length; i++) {
    // Wrapped, a cell outside could be taken for another one inside.
    if (!host.canvas.has(x[i] ?? 0, y[i] ?? 0)) continue
    cells.player[count] = player?.[i] ?? 0
    cells.x[count] = wrap(x[i] ?? 0)
    cells.y[count] = wrap(y[i] ?? 0)
    cells.color[count] = color[i] ?? 0
    cells.timeMs[count] = timeMs?.[i] ?? nowMs
    count += 1
  }
  verdicts[Verdict.outOfRange] = x.length - count
  return { ...cells, count }
}

/** Appends the cells in their order, counts their verdicts; the position after them. Not all or none. */
async function paint(host: BoardHost, cells: Painted, verdicts: Uint32Array): Promise<number> {
  let position: number = host.canvas.position
  const parts = bySecond(cells)
  for (let i = 0; i < parts.length; i += RECORDS_AT_ONCE) {
    const bodies = parts.slice(i, i + RECORDS_AT_ONCE)
    const records = bodies.map((body) => ({ type: RecordType.painted, body }))
    for (const outcome of await host.append(records, bodies.map(latestMs))) {
      position = outcome.position
      for (const verdict of outcome.verdicts) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    }
  }
  return position
}

/** Runs of cells whose times lie within the same second: after its beginning, up to and with its end. */
function bySecond({ count, player, x, y, color, timeMs }: Painted): Painted[] {
  const parts: Painted[] = []
  let from = 0
  for (let i = 1; i <= count; i++) {
    if (i < count && secondOf(timeMs[i]) === secondOf(timeMs[from])) continue
    parts.push({
      count: i - from,
      player: player.subarray(from, i),
      x: x.subarray(from, i),
      y: y.subarray(from, i),
      color: color.subarray(from, i),
      timeMs: timeMs.subarray(from, i),
    })
    from = i
  }
  return count === 0 ? [] : parts
}

function secondOf(timeMs = 0): number {
  return Math.ceil(timeMs / RECORD_SPAN_MS)
}

function latestMs({ count, timeMs }: Painted): number {
  let latest = 0
  for (let i = 0; i < count; i++) latest = Math.max(latest, timeMs[i] ?? 0)
  return latest
}

function tallied(verdicts: Uint32Array): Record<string, number> {
  const tally: Record<string, number> = {}
  verdicts.forEach((count, verdict) => {
    if (count > 0) tally[verdictName(verdict)] = count
  })
  return tally
}
