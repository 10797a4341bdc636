import { Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { MAX_NEIGHBOURS, type Place } from '../../meters/questions.ts'
import type { App } from '../app.ts'
import type { Asking } from './asking.ts'
import type { MeterBase } from './base.ts'
import { exactly } from './exact.ts'
import { rangeOf, spanAt, spanBefore } from './range.ts'
import {
  Dimension,
  EntitySchema,
  EVERYBODY,
  Exact,
  Limit,
  Name,
  type Places,
  PlacesSchema,
  RANGE_HELP,
  RangeProperties,
  SpanSchema,
  StandingSchema,
  ValueSchema,
  Where,
} from './schemas.ts'
import { paramsOf, selectedBy, type Under } from './under.ts'

const DEFAULT_PLACES = 100
const DEFAULT_NEIGHBOURS = 5

/** What can be asked of one meter. */
export async function questionRoutes(app: App, under: Under, asking: Asking): Promise<void> {
  const { prefix } = under
  const params = paramsOf(under)

  app.get(
    `${prefix}/:meter/sum`,
    {
      schema: {
        summary: 'What one or more entities sum up to',
        description: `${EVERYBODY} ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          {
            ...RangeProperties,
            entity: Type.Optional(Type.Union([Name, Type.Array(Name)])),
            where: Where,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            sums: Type.Array(
              Type.Object({
                ...EntitySchema,
                entity: Type.Union([Type.String(), Type.Null()]),
                sum: Exact,
              }),
            ),
          }),
        },
      },
    },
    async (request, reply) => {
      const { base, meter, filter, entities } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => {
        const { questions } = base.source
        if (entities.length === 0) {
          const sum = await questions.sum(meter, undefined, span, filter)
          return { sums: [{ entity: null, sum: exactly(sum) }] }
        }
        const sums = await questions.sums(meter, entities, span, filter)
        return {
          sums: entities.map((each, i) => ({
            entity: each,
            ...base.aboutEntity(meter, each),
            sum: exactly(sums[i] ?? 0n),
          })),
        }
      })
    },
  )

  app.get(
    `${prefix}/:meter/breakdown`,
    {
      schema: {
        summary: 'The sum for each value of a dimension, where it is not 0, the highest first',
        description: `${EVERYBODY} ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          { ...RangeProperties, dimension: Dimension, entity: Type.Optional(Name), where: Where },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            dimension: Type.String(),
            values: Type.Array(Type.Object({ ...ValueSchema, sum: Exact })),
          }),
        },
      },
    },
    async (request, reply) => {
      const { dimension } = request.query
      const { base, meter, filter, entities } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => {
        const values = await base.source.questions.breakdown(meter, entities[0], span, dimension, filter)
        return {
          dimension,
          values: values.map(({ value, sum }) => ({
            value,
            ...base.aboutValue(dimension, value),
            sum: exactly(sum),
          })),
        }
      })
    },
  )

  app.get(
    `${prefix}/:meter/top`,
    {
      schema: {
        summary: 'Who leads',
        description: `Of equal sums, whose last change came first. ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          { ...RangeProperties, limit: Limit, where: Where },
          { additionalProperties: false },
        ),
        response: { 200: PlacesSchema },
      },
    },
    async (request, reply) => {
      const { limit = DEFAULT_PLACES } = request.query
      const { base, meter, filter } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => ({
        places: placesOf(base, meter, await base.source.questions.top(meter, span, limit, filter)),
      }))
    },
  )

  app.get(
    `${prefix}/:meter/rank`,
    {
      schema: {
        summary: 'An entity’s own place, with its neighbours; empty where nothing happened to it',
        description: RANGE_HELP,
        params,
        querystring: Type.Object(
          {
            ...RangeProperties,
            entity: Name,
            neighbours: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_NEIGHBOURS })),
            where: Where,
          },
          { additionalProperties: false },
        ),
        response: { 200: PlacesSchema },
      },
    },
    async (request, reply) => {
      const { neighbours = DEFAULT_NEIGHBOURS } = request.query
      const { base, meter, filter } = await selectedBy(under, request)
      const own = base.entityOf(meter, request.query.entity)
      return asking.answer(request, reply, base, request.query, async ({ span }) => ({
        places: placesOf(base, meter, await base.source.questions.rank(meter, own, span, neighbours, filter)),
      }))
    },
  )

  app.get(
    `${prefix}/:meter/compare`,
    {
      schema: {
        summary: 'Who leads, and where they stood before',
        description: `Before: beforeFrom and beforeTo, else the range just before this one: the period before, or as many seconds. ${RANGE_HELP}`,
        params,
        querystring: Type.Object(
          {
            ...RangeProperties,
            beforeFrom: RangeProperties.from,
            beforeTo: RangeProperties.to,
            limit: Limit,
            where: Where,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            before: Type.Object(SpanSchema),
            places: Type.Array(
              Type.Object({
                ...EntitySchema,
                now: Type.Object(StandingSchema),
                /** Null: nothing had happened to it. */
                before: Type.Union([Type.Object(StandingSchema), Type.Null()]),
              }),
            ),
          }),
        },
      },
    },
    async (request, reply) => {
      const { beforeFrom, beforeTo, limit = DEFAULT_PLACES } = request.query
      const { base, meter, filter } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ range, span, nowSecond }) => {
        const earlier =
          beforeFrom === undefined && beforeTo === undefined
            ? spanBefore(range, nowSecond)
            : spanAt(beforeOf(beforeFrom, beforeTo, request.query.zone), nowSecond)
        const moved = await base.source.questions.compared(meter, span, earlier, limit, filter)
        return {
          before: { from: earlier.from, to: earlier.to },
          places: moved.map(({ entity, now, before }) => ({
            entity,
            ...base.aboutEntity(meter, entity),
            now: standingOf(now),
            before: before === undefined ? null : standingOf(before),
          })),
        }
      })
    },
  )

  app.get(
    `${prefix}/:meter/distinct`,
    {
      schema: {
        summary: 'How many entities anything happened to',
        description: RANGE_HELP,
        params,
        querystring: Type.Object({ ...RangeProperties, where: Where }, { additionalProperties: false }),
        response: { 200: Type.Object({ ...SpanSchema, entities: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const { base, meter, filter } = await selectedBy(under, request)
      return asking.answer(request, reply, base, request.query, async ({ span }) => ({
        entities: await base.source.questions.distinct(meter, span, filter),
      }))
    },
  )
}

function beforeOf(
  from: string | undefined,
  to: string | undefined,
  zone: string | undefined,
): ReturnType<typeof rangeOf> {
  try {
    return rangeOf({
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(zone === undefined ? {} : { zone }),
    })
  } catch (cause) {
    if (!(cause instanceof SpateError)) throw cause
    throw new SpateError(cause.code, `before: ${cause.message}`, { cause })
  }
}

function standingOf({ rank, sum, lastSecond }: Place): Omit<Places['places'][number], 'entity'> {
  return { rank, sum: exactly(sum), lastSecond }
}

export function placesOf(base: MeterBase, meter: string, places: readonly Place[]): Places['places'] {
  return places.map((place) => ({
    entity: place.entity,
    ...base.aboutEntity(meter, place.entity),
    ...standingOf(place),
  }))
}
