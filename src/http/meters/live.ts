import { Type } from 'typebox'
import type { Gate } from '../../base/gate.ts'
import type { App } from '../app.ts'
import { beginEventStream } from '../event-stream.ts'
import { positionFrom } from '../events.ts'
import type { Asking } from './asking.ts'
import type { LiveBoards, Outlet } from './live-board.ts'
import { placesOf } from './questions.ts'
import { rangeOf, spanAt } from './range.ts'
import { RANGE_HELP, RangeProperties, Where } from './schemas.ts'
import { paramsOf, selectedBy, type Under } from './under.ts'

const DEFAULT_PLACES = 10
const MAX_PLACES = 1000

/** Leaderboards that are told when they change. @param making one by one, so that other questions find their turn */
export async function liveRoutes(
  app: App,
  under: Under,
  asking: Asking,
  boards: LiveBoards,
  making: Gate,
): Promise<void> {
  app.get(
    `${under.prefix}/:meter/live`,
    {
      schema: {
        summary: 'Who leads, as server-sent events: at once, and whenever that changes',
        description:
          `id: position. data: {"from", "to", "places"} as …/top answers, at most once a second. A range of the last seconds, ` +
          `until now, or of the current period moves with the time. Event problem: why there is no answer. ${RANGE_HELP}`,
        params: paramsOf(under),
        querystring: Type.Object(
          {
            ...RangeProperties,
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PLACES })),
            where: Where,
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { limit = DEFAULT_PLACES } = request.query
      const { base, meter, filter } = await selectedBy(under, request)
      const { questions } = base.source
      const range = rangeOf(request.query)
      const last = request.headers['last-event-id']
      const seen = typeof last === 'string' && last !== '' ? positionFrom(last, 0) : undefined
      const key = JSON.stringify([request.params, range, limit, Object.entries(filter).sort()])
      const question = {
        source: base.source,
        range,
        async answer(nowSecond: number) {
          const { from, to } = spanAt(range, nowSecond)
          const places = await making.pass(() => questions.top(meter, { from, to }, limit, filter))
          return {
            range: `"from":${from},"to":${to}`,
            places: JSON.stringify(placesOf(base, meter, places)),
          }
        },
      }
      if (!boards.isWatched(key)) {
        // What cannot be asked at all is refused, not streamed.
        await asking.costly(() => questions.top(meter, spanAt(range, asking.nowSecond), 1, filter))
        // Others have come meanwhile.
        boards.isWatched(key)
      }
      const raw = beginEventStream(request, reply)
      if (raw === undefined) return
      const outlet: Outlet = {
        write: (bytes) => void raw.write(bytes),
        isFull: () => raw.writableNeedDrain,
        end: () => void raw.end(),
      }
      const { drained, leave } = boards.watch(key, question, outlet, seen)
      raw.on('drain', drained)
      raw.on('close', leave)
      raw.on('error', leave)
    },
  )
}
