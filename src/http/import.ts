import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { wrap } from '../boards/canvas/geometry.ts'
import type { CanvasRecord } from '../boards/canvas/records.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { verdictName } from '../boards/canvas/verdict.ts'
import type { App } from './app.ts'
import { BoardParams, Coordinate } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

const MAX_CELLS = 20_000
/** What one record of painted cells can span. */
const MAX_SPAN_MS = 2 ** 32 - 1

/** Cells that were judged elsewhere, with their authors and times. */
export async function importRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, players, clock } = services

  app.post(
    '/api/boards/:id/painted',
    {
      bodyLimit: 8 << 20,
      onRequest: async (request) => requireAdmin(request.visitor),
      schema: {
        summary: 'Add cells from elsewhere; a cell painted later than its time keeps what it has',
        description: 'Columns of equal length. authors are named by index + 1 in author; 0 is nobody.',
        security: [{ bearer: [] }],
        params: BoardParams,
        body: Type.Object(
          {
            /** What the authors' names are unique in, e.g. `place2022`. */
            source: Type.String({ pattern: '^[a-z0-9._-]{1,32}$' }),
            authors: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: MAX_CELLS }),
            author: Type.Array(Type.Integer({ minimum: 0, maximum: MAX_CELLS }), { maxItems: MAX_CELLS }),
            timeMs: Type.Array(Type.Integer({ minimum: 1, maximum: 2 ** 47 }), { maxItems: MAX_CELLS }),
            x: Type.Array(Coordinate, { maxItems: MAX_CELLS }),
            y: Type.Array(Coordinate, { maxItems: MAX_CELLS }),
            color: Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { maxItems: MAX_CELLS }),
          },
          { additionalProperties: false },
        ),
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
      const { source, authors, author, timeMs, x, y, color } = request.body
      const count = x.length
      if ([author, timeMs, y, color].some((column) => column.length !== count)) {
        throw new SpateError('invalid', 'the columns differ in length')
      }
      if (author.some((index) => index > authors.length))
        throw new SpateError('invalid', 'author: no such author')
      const nowMs = clock.now()
      if (timeMs.some((time) => time > nowMs)) throw new SpateError('invalid', 'timeMs: in the future')
      const numbers = await players.join(authors.map((name) => `s:${source}/${name}`))
      const tally = new Map<string, number>()
      const isInside = x.map((_, i) => host.canvas.has(x[i] ?? 0, y[i] ?? 0))
      const inside = x.map((_, i) => i).filter((i) => isInside[i])
      if (inside.length < count) tally.set('outOfRange', count - inside.length)
      let position: number = host.canvas.position
      for (const run of spans(inside, timeMs)) {
        const body = {
          count: run.length,
          player: Uint32Array.from(run, (i) => numbers[(author[i] ?? 0) - 1] ?? 0),
          x: Uint16Array.from(run, (i) => wrap(x[i] ?? 0)),
          y: Uint16Array.from(run, (i) => wrap(y[i] ?? 0)),
          color: Uint8Array.from(run, (i) => color[i] ?? 0),
          timeMs: Float64Array.from(run, (i) => timeMs[i] ?? 0),
        }
        const record: CanvasRecord = { type: RecordType.painted, body }
        const [outcome] = await host.append([record], Math.max(...body.timeMs))
        if (outcome === undefined) throw new SpateError('unavailable', 'the log answered without a verdict')
        position = outcome.position
        for (const verdict of outcome.verdicts) {
          const name = verdictName(verdict)
          tally.set(name, (tally.get(name) ?? 0) + 1)
        }
      }
      return { position, verdicts: Object.fromEntries(tally) }
    },
  )
}

/** Cuts indexes into runs whose times fit into one record. */
function spans(indexes: readonly number[], timeMs: readonly number[]): number[][] {
  const runs: number[][] = []
  let run: number[] = []
  let least = 0
  let most = 0
  for (const i of indexes) {
    const time = timeMs[i] ?? 0
    if (run.length === 0 || Math.max(most, time) - Math.min(least, time) > MAX_SPAN_MS) {
      run = []
      runs.push(run)
      least = time
      most = time
    }
    least = Math.min(least, time)
    most = Math.max(most, time)
    run.push(i)
  }
  return runs
}
