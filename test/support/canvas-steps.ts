import fc from 'fast-check'
import type { Cell } from '../../src/boards/canvas/chunk.ts'
import type { Area } from '../../src/boards/canvas/geometry.ts'
import { wrap } from '../../src/boards/canvas/geometry.ts'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import type { CanvasRecord } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import type { Rules } from '../../src/boards/canvas/rules.ts'
import { created, type Fold, type Painting, type Placement, painted, placed, T0 } from './boards.ts'

/**
 * Everything that can happen to a canvas, as steps that fast-check can make and shrink. A step becomes a record
 * only when it is taken, because undos and restores speak of what the canvas holds then.
 */
export type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'place'; readonly cells: readonly Placement[] }
  | { readonly do: 'paint'; readonly cells: readonly Painting[] }
  | { readonly do: 'restore'; readonly cells: readonly RestoreStep[] }
  | { readonly do: 'undo'; readonly player: number; readonly stale: boolean }
  | { readonly do: 'ban'; readonly player: number; readonly shadow: boolean; readonly forMs: number | null }
  | { readonly do: 'unban'; readonly player: number }
  | { readonly do: 'resize'; readonly extent: Area }
  | { readonly do: 'repaint'; readonly colors: number }
  | { readonly do: 'rule'; readonly rules: Rules }
  | { readonly do: 'lock'; readonly id: string; readonly at: Area }
  | { readonly do: 'unlock'; readonly id: string }
  | { readonly do: 'create' }

interface RestoreStep {
  readonly x: number
  readonly y: number
  /** Expect another colour than the cell's. */
  readonly wrongly: boolean
  readonly becomes: Cell
}

/** Steps speak of players 0 to this one. */
export const PLAYERS = 4
const PLAIN = { noNullPrototype: true } as const
const BIG_PALETTE = Array.from({ length: 20 }, (_, i) => CLASSIC_PALETTE[i % 16] ?? 0)

const player = fc.nat(PLAYERS)
const someone = fc.integer({ min: 1, max: PLAYERS })
// Around a corner where four chunks meet, where collisions are likely.
const coordinate = fc.integer({ min: -6, max: 6 })
const color = fc.nat(17)
const timeMs = fc.integer({ min: T0 - 20_000, max: T0 + 60_000 })

export const placement: fc.Arbitrary<Placement> = fc.tuple(player, coordinate, coordinate, color)
const painting: fc.Arbitrary<Painting> = fc.tuple(player, coordinate, coordinate, color, timeMs)

const smallArea: fc.Arbitrary<Area> = fc.record(
  {
    left: coordinate,
    top: coordinate,
    width: fc.integer({ min: 1, max: 8 }),
    height: fc.integer({ min: 1, max: 8 }),
  },
  PLAIN,
)

const extent: fc.Arbitrary<Area> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        left: fc.integer({ min: -7, max: -2 }),
        top: fc.integer({ min: -7, max: -2 }),
        width: fc.integer({ min: 6, max: 14 }),
        height: fc.integer({ min: 6, max: 14 }),
      },
      PLAIN,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        left: fc.integer({ min: -40_000, max: 0 }),
        top: fc.integer({ min: -40_000, max: 0 }),
        width: fc.integer({ min: 40_000, max: 65_536 }),
        height: fc.integer({ min: 40_000, max: 65_536 }),
      },
      PLAIN,
    ),
  },
)

const seconds = fc.integer({ min: 1, max: 8 })
export const rules: fc.Arbitrary<Rules> = fc.record(
  {
    cooldown: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record(
        {
          kind: fc.constant('stack' as const),
          seconds,
          blankSeconds: fc.nat(8),
          stack: fc.integer({ min: 1, max: 5 }),
          activity: fc.option(
            fc.record(
              { players: fc.constant(1), windowSeconds: seconds, maxFactor: fc.integer({ min: 1, max: 3 }) },
              PLAIN,
            ),
          ),
        },
        PLAIN,
      ),
      fc.record(
        {
          kind: fc.constant('window' as const),
          windowSeconds: seconds,
          budget: fc.integer({ min: 5, max: 30 }),
          cost: fc.integer({ min: 1, max: 5 }),
          blankCost: fc.nat(5),
        },
        PLAIN,
      ),
    ),
    undoSeconds: fc.constantFrom(0, 3, 30),
    activeZone: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: smallArea }),
  },
  PLAIN,
)

const becomes = fc.record({ color, player, timeMs: fc.oneof(fc.constant(0), timeMs) }, PLAIN)
const restoring = fc.record({ x: coordinate, y: coordinate, wrongly: fc.boolean(), becomes }, PLAIN)
const lockId = fc.constantFrom('a', 'b')

function step<K extends string, T extends object>(
  kind: K,
  part: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<{ do: K } & T> {
  return fc.record<T>(part).map((rest) => ({ do: kind, ...rest }))
}

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: step('wait', { ms: fc.oneof(fc.nat(500), fc.nat(8000)) }) },
  { weight: 12, arbitrary: step('place', { cells: fc.array(placement, { maxLength: 12 }) }) },
  { weight: 3, arbitrary: step('paint', { cells: fc.array(painting, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: step('restore', { cells: fc.array(restoring, { maxLength: 4 }) }) },
  { weight: 4, arbitrary: step('undo', { player: someone, stale: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: step('ban', {
      player: fc.constantFrom(0, 1, 1, 2, 2),
      shadow: fc.boolean(),
      forMs: fc.option(fc.nat(8000), { nil: null }),
    }),
  },
  { weight: 2, arbitrary: step('unban', { player: fc.constantFrom(1, 2) }) },
  { weight: 2, arbitrary: step('resize', { extent }) },
  { weight: 1, arbitrary: step('repaint', { colors: fc.integer({ min: 15, max: 20 }) }) },
  { weight: 2, arbitrary: step('rule', { rules }) },
  { weight: 2, arbitrary: step('lock', { id: lockId, at: smallArea }) },
  { weight: 1, arbitrary: step('unlock', { id: lockId }) },
  { weight: 1, arbitrary: step('create', {}) },
)

export const manySteps: fc.Arbitrary<Step[]> = fc.array(anyStep, { maxLength: 40, size: 'max' })

/** A board for the steps: small, around the corner of four chunks, everything switched on. */
export const STEPS_BOARD = created({
  extent: { left: -5, top: -5, width: 11, height: 11 },
  background: 2,
  rules: {
    cooldown: { kind: 'stack', seconds: 3, blankSeconds: 2, stack: 4, activity: null },
    undoSeconds: 30,
    activeZone: null,
  },
})

/** Takes the step; what it records is the fold's. */
export function take(fold: Fold, step: Step): void {
  if (step.do === 'wait') fold.nowMs += step.ms
  else {
    const record = recordOf(fold, step)
    if (record !== undefined) fold.apply(record)
  }
}

function recordOf(fold: Fold, step: Exclude<Step, { do: 'wait' }>): CanvasRecord | undefined {
  switch (step.do) {
    case 'place':
      return { type: RecordType.placed, body: placed(...step.cells) }
    case 'paint':
      return { type: RecordType.painted, body: painted(...step.cells) }
    case 'restore': {
      const cells = step.cells.map(({ x, y, wrongly, becomes }) => {
        const now = fold.cell(x, y)
        const expected = wrongly ? { ...now, color: now.color ^ 1 } : now
        return { x: wrap(x), y: wrap(y), expected, becomes }
      })
      return { type: RecordType.restored, body: { kind: 'rollback', player: 0, reason: '', cells } }
    }
    case 'undo':
      return undoOf(fold, step.player, step.stale)
    case 'ban': {
      const { player, shadow, forMs } = step
      const untilMs = forMs === null ? null : fold.nowMs + forMs
      return { type: RecordType.banned, body: { player, shadow, untilMs, reason: '' } }
    }
    case 'unban':
      return { type: RecordType.unbanned, body: { player: step.player } }
    case 'resize':
      return { type: RecordType.resized, body: { extent: step.extent } }
    case 'repaint':
      return { type: RecordType.repainted, body: { palette: BIG_PALETTE.slice(0, step.colors) } }
    case 'rule':
      return { type: RecordType.ruled, body: { rules: step.rules } }
    case 'lock':
      return { type: RecordType.locked, body: { lock: { ...step.at, id: step.id, reason: '' } } }
    case 'unlock':
      return { type: RecordType.unlocked, body: { id: step.id } }
    case 'create':
      return { type: RecordType.created, body: created({ id: 'other', background: 7 }) }
  }
}

/** A stale undo spells out another past than the fold knows. */
function undoOf(fold: Fold, player: number, stale: boolean): CanvasRecord | undefined {
  const slot = fold.canvas.undo.get(player)
  if (slot === undefined) return undefined
  const { x, y, color, timeMs, before } = slot
  const becomes = stale ? { ...before, color: before.color ^ 1 } : before
  const cell = { x, y, expected: { color, player, timeMs }, becomes }
  return { type: RecordType.restored, body: { kind: 'undo', player, reason: '', cells: [cell] } }
}
