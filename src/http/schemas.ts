import { type Static, type TUnsafe, Type } from 'typebox'
import { MAX_SIDE } from '../boards/canvas/geometry.ts'
import { type Cooldown, FREE_RULES, MAX_COLORS, type Rules } from '../boards/canvas/rules.ts'

/** Shapes that several routes share. Bodies name their fields as the API documents them. */

const LIMIT = 2 ** 24
export const Coordinate = Type.Integer({ minimum: -LIMIT, maximum: LIMIT })
const Side = Type.Integer({ minimum: 1, maximum: MAX_SIDE })
const MAX_COOLDOWN_SECONDS = 30 * 24 * 3600

export const AreaSchema = Type.Object(
  { left: Coordinate, top: Coordinate, width: Side, height: Side },
  { additionalProperties: false },
)

/** Colours as #RRGGBB. */
export const PaletteSchema = Type.Array(Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }), {
  minItems: 2,
  maxItems: MAX_COLORS,
})

const Seconds = Type.Number({ minimum: 0, maximum: MAX_COOLDOWN_SECONDS })

export const CooldownSchema = Type.Object(
  {
    seconds: Type.Optional(Seconds),
    /** Default: as `seconds`. */
    blankSeconds: Type.Optional(Seconds),
    /** Placements that may be saved up. */
    stack: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    activity: Type.Optional(
      Type.Object(
        {
          players: Type.Integer({ minimum: 1, maximum: 1e9 }),
          windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
          maxFactor: Type.Number({ minimum: 1, maximum: 1000 }),
        },
        { additionalProperties: false },
      ),
    ),
    windowSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    budget: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1e9 })),
    cost: Type.Optional(Type.Number({ minimum: 0, maximum: 1e9 })),
    blankCost: Type.Optional(Type.Number({ minimum: 0, maximum: 1e9 })),
  },
  {
    additionalProperties: false,
    description:
      'Either seconds (with blankSeconds, stack, activity), or windowSeconds with budget, cost and blankCost, of which neither exceeds the budget.',
  },
)

export const RulesSchema = Type.Object(
  {
    cooldown: Type.Optional(CooldownSchema),
    undoSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3600 })),
    activeZone: Type.Optional(Type.Union([AreaSchema, Type.Null()])),
  },
  { additionalProperties: false },
)

/** The rule that a body of {@link CooldownSchema} asks for; undefined when it mixes two, or lets nobody place. */
export function cooldownOf(body: Static<typeof CooldownSchema>): Cooldown | undefined {
  const { seconds, windowSeconds } = body
  if (windowSeconds !== undefined) {
    const { budget, cost } = body
    if (seconds !== undefined || budget === undefined || cost === undefined) return undefined
    const { blankCost = cost } = body
    // Nobody could ever place.
    if (Math.max(cost, blankCost) > budget) return undefined
    return { kind: 'window', windowSeconds, budget, cost, blankCost }
  }
  if (body.budget !== undefined || body.cost !== undefined || body.blankCost !== undefined) return undefined
  if (seconds === undefined) return Object.keys(body).length === 0 ? { kind: 'none' } : undefined
  if (seconds === 0) return { kind: 'none' }
  return {
    kind: 'stack',
    seconds,
    blankSeconds: body.blankSeconds ?? seconds,
    stack: body.stack ?? 1,
    activity: body.activity ?? null,
  }
}

/** `before` with what the body names; undefined for a cooldown that is none. */
export function rulesOf(body: Static<typeof RulesSchema>, before: Rules = FREE_RULES): Rules | undefined {
  const cooldown = body.cooldown === undefined ? before.cooldown : cooldownOf(body.cooldown)
  if (cooldown === undefined) return undefined
  return {
    cooldown,
    undoSeconds: body.undoSeconds ?? before.undoSeconds,
    activeZone: body.activeZone === undefined ? before.activeZone : body.activeZone,
  }
}

export function colorsOf(palette: readonly string[]): number[] {
  return palette.map((color) => Number.parseInt(color.slice(1), 16))
}

/** A body that is no JSON, for the documents. */
export function fileOf(mediaType: string): { content: Record<string, { schema: TUnsafe<unknown> }> } {
  return { content: { [mediaType]: { schema: Type.Unsafe<unknown>({ type: 'string', format: 'binary' }) } } }
}

export const BoardParams = Type.Object({ id: Type.String({ maxLength: 64 }) })

/** What the fold made of an admin's record. */
export const OutcomeSchema = Type.Object({ position: Type.Integer(), verdict: Type.String() })
