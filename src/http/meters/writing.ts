import { type Static, Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { Gate } from '../../base/gate.ts'
import { LAST_SECOND, LEVELS, type LevelName } from '../../meters/calendar.ts'
import { MAX_DIMENSIONS, totalsOver } from '../../meters/declaration.ts'
import type { MeterSummary } from '../../meters/questions.ts'
import { MAX_KEY_LENGTH, MAX_WRITES } from '../../meters/records.ts'
import type { Retention } from '../../meters/retention.ts'
import type { Write } from '../../meters/writes.ts'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { requireAdmin } from '../visitor.ts'
import { amountOf, takeExactJson } from './exact.ts'
import { MeterName, Name, Second } from './schemas.ts'

/** 10,000 writes, whatever is in them. */
const MAX_BODY_BYTES = 8 << 20
/** Of large batches, those that wait for the log and the fold at once, and those that may wait for them. */
const AT_ONCE = 8
const MAY_WAIT = 24
const LARGE = 1000
const DAY = 86_400
/** Unless said: what was forgotten for a year may still be told, a clock may be a day wrong. */
const LATE_SECONDS = 366 * DAY
const FUTURE_SECONDS = DAY

const Kept = Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]))
/** Seconds for which the sums of a level are kept; null, and a level that is not named: for ever. */
const RetentionSchema = Type.Object(
  { second: Kept, minute: Kept, hour: Kept, day: Kept, month: Kept, year: Kept } satisfies Record<
    LevelName,
    typeof Kept
  >,
  { additionalProperties: false },
)
const Bound = Type.Integer({ minimum: 0, maximum: LAST_SECOND })

const Declared = Type.Object(
  {
    dimensions: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: MAX_DIMENSIONS })),
    /** Of how many of the first dimensions a total is about the values. Default: all. */
    totalsOver: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_DIMENSIONS })),
    retention: Type.Optional(RetentionSchema),
    lateSeconds: Type.Optional(Bound),
    futureSeconds: Type.Optional(Bound),
  },
  { additionalProperties: false },
)

export const MeterSchema = Type.Object({
  name: Type.String(),
  dimensions: Type.Array(Type.String()),
  totalsOver: Type.Integer(),
  retention: Type.Unsafe<Record<string, number | null>>({
    type: 'object',
    additionalProperties: { type: ['integer', 'null'] },
  }),
  lateSeconds: Type.Integer(),
  futureSeconds: Type.Integer(),
  /** How many it has seen. */
  entities: Type.Integer(),
  series: Type.Integer(),
})
export const MetersSchema = Type.Object({ meters: Type.Array(MeterSchema) })

const Amount = Type.Union([Type.Integer(), Type.String({ pattern: '^-?[0-9]{1,19}$' })])
const WriteSchema = Type.Object(
  {
    meter: MeterName,
    entity: Name,
    /** A value for each dimension of the meter, in its order. */
    dimensions: Type.Optional(Type.Array(Name, { maxItems: MAX_DIMENSIONS })),
    /** Default: add. */
    kind: Type.Optional(Type.Union([Type.Literal('add'), Type.Literal('count'), Type.Literal('total')])),
    /** When; of add and count. */
    second: Type.Optional(Second),
    /** The first and the last second that a total is about. */
    from: Type.Optional(Second),
    to: Type.Optional(Second),
    /** Digits in a string beyond 2^53 − 1. A count is of 1 unless said. */
    amount: Type.Optional(Amount),
  },
  { additionalProperties: false },
)

/** What an organiser says of the free-standing meters. */
export async function writingRoutes(app: App, services: HttpServices): Promise<void> {
  const { meters } = services
  const security = [{ bearer: [] }]
  const writing = new Gate(AT_ONCE, MAY_WAIT, 'too many large batches are being written')
  // Before the body is read.
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))
  takeExactJson(app)

  app.put(
    '/api/meters/:meter',
    {
      schema: {
        summary: 'Declare a meter, or change what it keeps and takes',
        description:
          'Dimensions never change. What is not said is what it is by default, also where it was something else.',
        security,
        params: Type.Object({ meter: MeterName }),
        body: Declared,
        response: { 200: MeterSchema },
      },
    },
    async (request) => {
      const { meter: name } = request.params
      const { retention, totalsOver, ...rest } = request.body
      await meters.declare({
        name,
        dimensions: rest.dimensions ?? [],
        retention: retentionOf(retention ?? {}),
        lateSeconds: rest.lateSeconds ?? LATE_SECONDS,
        futureSeconds: rest.futureSeconds ?? FUTURE_SECONDS,
        ...(totalsOver === undefined ? {} : { totalsOver }),
      })
      return meterOf(meters.questions.one(name))
    },
  )

  app.post(
    '/api/meters/writes',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        summary: 'Write a batch, all of it or none',
        description:
          `1 to ${MAX_WRITES} writes: add (an amount of either sign), count (a positive one), total (what a window sums up to). ` +
          'With the header Idempotency-Key the same batch, sent again within 24 hours, is answered as the first time; ' +
          'another batch with that key is a conflict.',
        security,
        headers: Type.Object({
          'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH })),
        }),
        body: Type.Object(
          { writes: Type.Array(WriteSchema, { minItems: 1, maxItems: MAX_WRITES }) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ position: Type.Integer() }) },
      },
    },
    async (request) => {
      const writes = request.body.writes.map(writeOf)
      const key = request.headers['idempotency-key'] ?? ''
      const write = () => meters.write(writes, key)
      return { position: await (writes.length > LARGE ? writing.pass(write) : write()) }
    },
  )
}

function writeOf(body: Static<typeof WriteSchema>, i: number): Write {
  const { meter, entity, dimensions, kind = 'add', second, from, to, amount } = body
  const target = { meter, entity, ...(dimensions === undefined ? {} : { dimensions }) }
  if (kind === 'total') {
    if (second !== undefined || from === undefined || to === undefined || amount === undefined)
      throw wrong(i, 'a total has from, to and amount')
    return { ...target, kind, from, to, amount: amountOf(amount) }
  }
  if (second === undefined || from !== undefined || to !== undefined) throw wrong(i, `${kind} has second`)
  if (kind === 'count') {
    return { ...target, kind, second, ...(amount === undefined ? {} : { amount: amountOf(amount) }) }
  }
  if (amount === undefined) throw wrong(i, 'add has amount')
  return { ...target, kind, second, amount: amountOf(amount) }
}

function wrong(i: number, message: string): SpateError {
  return new SpateError('invalid', `write ${i}: ${message}`, { details: { write: i } })
}

function retentionOf(named: Static<typeof RetentionSchema>): Retention {
  return LEVELS.map((level) => named[level] ?? null)
}

export function meterOf({ declaration, entities, series }: MeterSummary): Static<typeof MeterSchema> {
  const { name, dimensions, retention, lateSeconds, futureSeconds } = declaration
  return {
    name,
    dimensions: [...dimensions],
    totalsOver: totalsOver(declaration),
    retention: Object.fromEntries(LEVELS.map((level, i) => [level, retention[i] ?? null])),
    lateSeconds,
    futureSeconds,
    entities,
    series,
  }
}
