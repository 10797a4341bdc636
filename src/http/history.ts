import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import { Gate } from '../base/gate.ts'
import { wrap } from '../boards/canvas/geometry.ts'
import { eachCell } from '../boards/history.ts'
import type { BoardHost } from '../boards/host.ts'
import { positionOf, START } from '../log/port.ts'
import type { App } from './app.ts'
import { Coordinate } from './schemas.ts'
import type { HttpServices } from './services.ts'
import { shownName } from './shown-name.ts'

/** Whole histories read at once, which share the thread with everybody else, and those that may wait. */
const READ_AT_ONCE = 2
const MAY_WAIT = 16
const MAX_ENTRIES = 1000

const Author = Type.Union([
  Type.Object({
    number: Type.Integer(),
    name: Type.Union([Type.String(), Type.Null()]),
    key: Type.Optional(Type.String()),
  }),
  Type.Null(),
])
/** ISO 8601, null for never. */
const Moment = Type.Union([Type.String(), Type.Null()])

const CellParams = Type.Object({ id: Type.String({ maxLength: 64 }), x: Coordinate, y: Coordinate })

export async function historyRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, players } = services
  const reading = new Gate(READ_AT_ONCE, MAY_WAIT, 'too many histories are being read')

  function author(number: number): { number: number; name: string | null } | null {
    return number === 0 ? null : { number, name: shownName(players.player(number)) }
  }

  function cellOf(id: string, x: number, y: number): BoardHost {
    const host = boards.get(id)
    if (!host.canvas.has(x, y)) throw new SpateError('not-found', 'the board has no such cell')
    return host
  }

  app.get(
    '/api/boards/:id/cells/:x/:y',
    {
      schema: {
        summary: 'Who placed a cell, and when',
        params: CellParams,
        response: {
          200: Type.Object({
            x: Type.Integer(),
            y: Type.Integer(),
            color: Type.Integer(),
            player: Author,
            at: Moment,
          }),
        },
      },
    },
    async (request, reply) => {
      const { id, x, y } = request.params
      const cell = cellOf(id, x, y).canvas.cellAt(wrap(x), wrap(y))
      void reply.header('cache-control', 'no-cache')
      return { x, y, color: cell.color, player: author(cell.player), at: momentOf(cell.timeMs) }
    },
  )

  app.get(
    '/api/boards/:id/cells/:x/:y/history',
    {
      schema: {
        summary: 'All that a cell ever held, newest first; `before` (a position) pages on',
        params: CellParams,
        querystring: Type.Object({
          before: Type.Optional(Type.Integer({ minimum: 1 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_ENTRIES })),
        }),
        response: {
          200: Type.Object({
            entries: Type.Array(
              Type.Object({ position: Type.Integer(), color: Type.Integer(), player: Author, at: Moment }),
            ),
            /** Ask with this as `before` for what is older. */
            next: Type.Union([Type.Integer(), Type.Null()]),
          }),
        },
      },
    },
    async (request, reply) => {
      const { id, x, y } = request.params
      const host = cellOf(id, x, y)
      void reply.header('cache-control', 'no-cache')
      const limit = request.query.limit ?? 100
      const upTo = positionOf(
        Math.min(host.canvas.position, (request.query.before ?? Number.MAX_SAFE_INTEGER) - 1),
      )
      return reading.pass(async () => {
        const found: { position: number; color: number; player: number; timeMs: number }[] = []
        const wrappedX = wrap(x)
        const wrappedY = wrap(y)
        for await (const judged of host.history.records(START, upTo)) {
          eachCell(judged, (cellX, cellY, cell) => {
            if (cellX !== wrappedX || cellY !== wrappedY) return
            found.push({ position: judged.position, ...cell })
            if (found.length > 2 * MAX_ENTRIES) found.splice(0, MAX_ENTRIES)
          })
        }
        const entries = found.slice(-limit).reverse()
        const oldest = entries.at(-1)
        return {
          entries: entries.map(({ position, color, player, timeMs }) => ({
            position,
            color,
            player: author(player),
            at: momentOf(timeMs),
          })),
          next: found.length > entries.length && oldest !== undefined ? oldest.position : null,
        }
      })
    },
  )
}

function momentOf(timeMs: number): string | null {
  return timeMs === 0 ? null : new Date(timeMs).toISOString()
}
