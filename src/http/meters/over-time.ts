import { Type } from 'typebox'
import type { Streak } from '../../meters/questions.ts'
import type { App } from '../app.ts'
import type { Asking } from './asking.ts'
import { exactly } from './exact.ts'
import {
  By,
  Dimension,
  EntitySchema,
  EVERYBODY,
  Exact,
  Limit,
  Name,
  RANGE_HELP,
  RangeProperties,
  SpanSchema,
  ValueSchema,
  Where,
} from './schemas.ts'
import { paramsOf, selectedBy, type Under } from './under.ts'

const DEFAULT_PLACES = 100
const PointSchema = Type.Object({ ...SpanSchema, sum: Exact })
const StreakSchema = Type.Object({ periods: Type.Integer(), ...SpanSchema })

/** What can be asked of one meter period by period. */
export async function overTimeRoutes(app: App, under: Under, asking: Asking): Promise<void> {
  const { prefix } = under
  const params = paramsOf(under)

  app.get(
    `${prefix}/:meter/series`,
    {
      schema: {
        summary: 'The sum of every period in a range, empty ones too',
        description: `${EVERYBODY} The first and the last period are cut where the range is. ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          { ...RangeProperties, by: By, entity: Type.Optional(Name), where: Where },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            points: Type.Array(PointSchema),
          }),
        },
      },
    },
    async (request, reply) => {
      const { by } = request.query
      const { base, meter, filter, entities } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => {
        const points = await base.source.questions.series(
          meter,
          entities[0],
          span,
          by,
          request.query.zone,
          filter,
        )
        return { points: points.map(({ from, to, sum }) => ({ from, to, sum: exactly(sum) })) }
      })
    },
  )

  app.get(
    `${prefix}/:meter/series-by`,
    {
      schema: {
        summary: 'The series of each value of a dimension, the highest first',
        description: `Values that are always 0 are left out; points are of all together. ${EVERYBODY} ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          { ...RangeProperties, by: By, dimension: Dimension, entity: Type.Optional(Name), where: Where },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            dimension: Type.String(),
            points: Type.Array(PointSchema),
            /** Sums by point. */
            values: Type.Array(Type.Object({ ...ValueSchema, sums: Type.Array(Exact) })),
          }),
        },
      },
    },
    async (request, reply) => {
      const { by, dimension } = request.query
      const { base, meter, filter, entities } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => {
        const { zone = 'UTC' } = request.query
        const { questions } = base.source
        const { periods, values } = await questions.breakdownSeries(
          meter,
          entities[0],
          span,
          by,
          zone,
          dimension,
          filter,
        )
        return {
          dimension,
          points: periods.map(({ from, to }, i) => ({
            from,
            to,
            sum: exactly(values.reduce((sum, { sums }) => sum + (sums[i] ?? 0n), 0n)),
          })),
          values: values.map(({ value, sums }) => ({
            value,
            ...base.aboutValue(dimension, value),
            sums: sums.map(exactly),
          })),
        }
      })
    },
  )

  app.get(
    `${prefix}/:meter/streaks`,
    {
      schema: {
        summary: 'Who did something in the most periods one after another; of one entity, its own place',
        description: `current: the streak that the range’s last period belongs to, or null. ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          { ...RangeProperties, by: By, entity: Type.Optional(Name), limit: Limit, where: Where },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            places: Type.Array(
              Type.Object({
                ...EntitySchema,
                rank: Type.Integer(),
                longest: StreakSchema,
                current: Type.Union([StreakSchema, Type.Null()]),
              }),
            ),
          }),
        },
      },
    },
    async (request, reply) => {
      const { by, limit = DEFAULT_PLACES } = request.query
      const { base, meter, filter, entities } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => {
        const [entity] = entities
        const of = entity === undefined ? { most: limit } : { entity }
        const { zone = 'UTC' } = request.query
        const places = await base.source.questions.streaks(meter, span, by, zone, of, filter)
        return {
          places: places.map(({ entity, rank, longest, current }) => ({
            entity,
            ...base.aboutEntity(meter, entity),
            rank,
            longest: streakOf(longest),
            current: current === undefined ? null : streakOf(current),
          })),
        }
      })
    },
  )
}

function streakOf({ periods, from, to }: Streak): { periods: number; from: number; to: number } {
  return { periods, from, to }
}
