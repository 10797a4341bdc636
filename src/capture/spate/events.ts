import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { feedEventOf } from '../feed/event-blocks.ts'

const MAX_CELLS = 262_144
const Side = Type.Integer({ minimum: 1, maximum: 65_536 })
const Coordinate = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
const Color = Type.Integer({ minimum: 0, maximum: 255 })
const Moment = Type.Number({ minimum: 0, maximum: 2 ** 47 })
const Column = <Of extends TSchema>(of: Of) => Type.Array(of, { maxItems: MAX_CELLS })
const Extent = Type.Object({ left: Coordinate, top: Coordinate, width: Side, height: Side })
const Palette = Type.Array(Type.Integer({ minimum: 0, maximum: 0xffffff }), { minItems: 1, maxItems: 256 })
const Shape = { extent: Extent, palette: Palette, background: Color, timeMs: Moment }
const Cells = {
  x: Column(Coordinate),
  y: Column(Coordinate),
  color: Column(Color),
  player: Column(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })),
  timeMs: Column(Moment),
  authors: Type.Record(
    Type.String({ pattern: '^\\d{1,10}$' }),
    Type.Tuple([
      Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\n]*$' }),
      Type.Union([Type.String({ maxLength: 200 }), Type.Null()]),
    ]),
  ),
  rgb: Type.Record(Type.String({ pattern: '^\\d{1,3}$' }), Type.Integer({ minimum: 0, maximum: 0xffffff })),
}

const SCHEMAS = {
  created: Type.Object(Shape),
  gap: Type.Object(Shape),
  resized: Type.Object({ extent: Extent, timeMs: Moment }),
  repainted: Type.Object({ palette: Palette, timeMs: Moment }),
  message: Type.Object(Cells),
  state: Type.Object({ ...Cells, chunk: Type.Integer({ minimum: 0, maximum: 65_535 }) }),
} as const

type Kind = keyof typeof SCHEMAS
export type BoardShape = Static<(typeof SCHEMAS)['created']>
export type SourceCells = Static<(typeof SCHEMAS)['message']>

/** What another Spate tells of its board. `id` is its position, where it says one. */
export type SpateEvent = {
  [Each in Kind]: {
    readonly kind: Each
    readonly id: number | undefined
    readonly body: Static<(typeof SCHEMAS)[Each]>
  }
}[Kind]

const CHECKS = new Map(Object.entries(SCHEMAS).map(([kind, schema]) => [kind, Compile(schema as TSchema)]))

/** Undefined for what says nothing of cells, or is not as it should be. Never throws. */
export function spateEventOf(bytes: Uint8Array): SpateEvent | undefined {
  const { event: kind, id, data } = feedEventOf(bytes)
  const check = CHECKS.get(kind)
  if (check === undefined || data === undefined) return undefined
  let body: unknown
  try {
    body = JSON.parse(data)
  } catch {
    return undefined
  }
  if (!check.Check(body) || !isEven(body)) return undefined
  // As just checked.
  return { kind, id: id === undefined ? undefined : Number(id), body } as SpateEvent
}

/** Columns have one length, and whoever is named in them is an author. */
function isEven(body: unknown): boolean {
  // One of the bodies above.
  const { x, y, color, player, timeMs, authors } = body as Partial<SourceCells>
  if (x === undefined) return true
  const isSame = [y, color, player, timeMs].every((column) => column?.length === x.length)
  return isSame && player?.every((number) => number === 0 || authors?.[String(number)] !== undefined) === true
}
