import { type Static, Type } from 'typebox'
import { LAST_SECOND } from '../../meters/calendar.ts'
import { MAX_DIMENSIONS, MAX_NAME_LENGTH } from '../../meters/declaration.ts'
import { MAX_PLACES } from '../../meters/questions.ts'
import { PERIODS } from '../../meters/zone.ts'
import { MAX_PERIODS_BACK, RANGE_PERIODS } from './range.ts'

/** Shapes that the routes of meters share. */

export const Second = Type.Integer({ minimum: 0, maximum: LAST_SECOND - 1 })
export const Name = Type.String({ maxLength: MAX_NAME_LENGTH })
export const MeterName = Type.String({ maxLength: 64 })
/** Beyond 2^53 − 1 either way, a string of digits. */
export const Exact = Type.Union([Type.Integer(), Type.String()])

const Moment = Type.Optional(Type.String({ maxLength: 64 }))
export const Zone = Type.Optional(Type.String({ maxLength: 64 }))

/** What every question may say of its range; see range.ts. */
export const RangeProperties = {
  from: Moment,
  to: Moment,
  period: Type.Optional(Type.Union(RANGE_PERIODS.map((period) => Type.Literal(period)))),
  offset: Type.Optional(Type.Integer({ minimum: -MAX_PERIODS_BACK, maximum: 0 })),
  last: Type.Optional(Type.Integer({ minimum: 1, maximum: LAST_SECOND })),
  zone: Zone,
}
export const RANGE_HELP =
  'The range: from and to (both included; seconds, times with an offset, or dates on the clock of zone), ' +
  'or period with offset, or last (seconds up to now); all that there is unless said.'

const Condition = Type.String({ maxLength: 64 + 1 + MAX_NAME_LENGTH })
/** `dimension:value`, each of which has to hold. */
export const Where = Type.Optional(
  Type.Union([Condition, Type.Array(Condition, { maxItems: MAX_DIMENSIONS })]),
)
export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PLACES }))
export const EVERYBODY = 'Without an entity, of all together.'
export const Dimension = Type.String({ maxLength: 64 })
export const By = Type.Union(PERIODS.map((period) => Type.Literal(period)))

/** What is known of an entity besides its name: a player's name, a colour. */
const Words = {
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  color: Type.Optional(Type.String()),
}

export const EntitySchema = { entity: Type.String(), ...Words }
export const ValueSchema = { value: Type.String(), ...Words }
/** First and last second. */
export const SpanSchema = { from: Type.Integer(), to: Type.Integer() }
export const StandingSchema = {
  rank: Type.Integer(),
  sum: Exact,
  /** When it came to this sum. */
  lastSecond: Type.Integer(),
}
export const PlacesSchema = Type.Object({
  ...SpanSchema,
  places: Type.Array(Type.Object({ ...EntitySchema, ...StandingSchema })),
})
export type Places = Static<typeof PlacesSchema>
