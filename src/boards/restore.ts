import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Position, positionOf, START } from '../log/port.ts'
import type { Cell } from './canvas/chunk.ts'
import { MAX_CELLS_A_RECORD } from './canvas/codec.ts'
import { type Area, chunkOrigin, contains } from './canvas/geometry.ts'
import type { CanvasRecord, RestoredCell, RestoreKind } from './canvas/records.ts'
import { RecordType } from './canvas/records.ts'
import { eachCell } from './history.ts'
import type { BoardHost } from './host.ts'
import { isRefused } from './refusals.ts'

/** What one plan holds in memory at most. */
const MAX_PLANNED_CELLS = 1_048_576

/** Which paint is to go: all that matches every condition given. */
export interface RollbackFilter {
  readonly player?: number
  readonly area?: Area
  /** Painted at this time or later, ms. */
  readonly fromMs?: number
  /** Painted at this time or earlier, ms. */
  readonly toMs?: number
}

function keyOf(x: number, y: number): number {
  return y * 65_536 + x
}

/**
 * Plans a rollback: every cell whose present paint matches goes back to its last paint that does not, or to
 * the background. What a player painted before a rollback of that player does not come back by it, unless
 * the player was unbanned since: else a raid that painted over itself would have to be rolled back in the
 * reverse order of its players. Reads the whole history twice, sharing the thread; the fold checks each cell
 * again when the record comes. Errors: `too-large` for more than 1,048,576 cells.
 */
export async function planRollback(host: BoardHost, filter: RollbackFilter): Promise<RestoredCell[]> {
  const { canvas, history } = host
  const matches = (x: number, y: number, cell: Cell): boolean =>
    cell.timeMs > 0 &&
    (filter.player === undefined || cell.player === filter.player) &&
    (filter.area === undefined || isIn(filter.area, canvas.signed(x, y))) &&
    (filter.fromMs === undefined || cell.timeMs >= filter.fromMs) &&
    (filter.toMs === undefined || cell.timeMs <= filter.toMs)
  const blank: Cell = { color: canvas.info.background, player: 0, timeMs: 0 }
  const planned = new Map<number, { expected: Cell; becomes: Cell }>()
  const pace = new Pace()
  for (const [index, chunk] of canvas.chunks.entries()) {
    if (chunk === undefined) continue
    const origin = chunkOrigin(index)
    for (let i = 0; i < chunk.colors.length; i++) {
      if (chunk.timesMs[i] === 0) continue
      if (filter.player !== undefined && chunk.players[i] !== filter.player) continue
      const x = origin.x | (i & 0xff)
      const y = origin.y | (i >>> 8)
      const expected = chunk.cell(i)
      if (matches(x, y, expected)) planned.set(keyOf(x, y), { expected, becomes: blank })
    }
    if (planned.size > MAX_PLANNED_CELLS) {
      throw new SpateError('too-large', `one rollback takes at most ${MAX_PLANNED_CELLS} cells: narrow it`)
    }
    await pace.turn()
  }
  // What was painted during the walk is in the history up to here.
  const upTo = canvas.position
  if (planned.size > 0) {
    const goneBefore = await rolledBack(host, upTo)
    for await (const judged of history.records(START, upTo)) {
      eachCell(judged, (x, y, cell) => {
        const plan = planned.get(keyOf(x, y))
        if (plan === undefined || matches(x, y, cell)) return
        if (judged.position > (goneBefore.get(cell.player) ?? START)) plan.becomes = cell
      })
    }
  }
  return [...planned].map(([key, { expected, becomes }]) => ({
    x: key % 65_536,
    y: Math.floor(key / 65_536),
    expected,
    becomes,
  }))
}

function isIn(area: Area, cell: { readonly x: number; readonly y: number }): boolean {
  return contains(area, cell.x, cell.y)
}

/** Players of whom a rollback is in force, with its position. */
async function rolledBack(host: BoardHost, upTo: Position): Promise<Map<number, Position>> {
  const players = new Map<number, Position>()
  for await (const { position, record } of host.history.records(START, upTo)) {
    if (record.type === RecordType.unbanned) players.delete(record.body.player)
    if (record.type !== RecordType.restored || record.body.player === 0) continue
    if (record.body.kind === 'rollback') players.set(record.body.player, position)
    if (record.body.kind === 'reinstate') players.delete(record.body.player)
  }
  return players
}

/**
 * Plans the undoing of rollbacks: of those about a player since the last time they were undone, or of the one
 * recorded at a position. Errors: `not-found` where none is recorded.
 */
export async function planReinstate(
  host: BoardHost,
  which: { readonly player: number } | { readonly position: number },
): Promise<RestoredCell[]> {
  const upTo = host.canvas.position
  const after = 'position' in which ? positionOf(which.position - 1) : START
  const cells = new Map<number, RestoredCell>()
  let isThere = 'player' in which
  for await (const { position, record, refusals } of host.history.records(after, upTo)) {
    if ('position' in which && position > which.position) break
    if (record.type !== RecordType.restored) continue
    isThere ||= record.body.kind === 'rollback'
    if ('player' in which && record.body.player !== which.player) continue
    if (record.body.kind === 'reinstate') cells.clear()
    if (record.body.kind !== 'rollback') continue
    record.body.cells.forEach(({ x, y, expected, becomes }, i) => {
      if (!isRefused(refusals, i)) cells.set(keyOf(x, y), { x, y, expected: becomes, becomes: expected })
    })
  }
  if (!isThere) throw new SpateError('not-found', 'no rollback is recorded at this position')
  return [...cells.values()]
}

/**
 * Cuts a plan into records. A rollback of a player is a record even where nothing of theirs shows: what they
 * painted must not come back by the next rollback.
 */
export function restoredRecords(
  kind: RestoreKind,
  player: number,
  reason: string,
  cells: readonly RestoredCell[],
): CanvasRecord[] {
  const records: CanvasRecord[] = []
  if (cells.length === 0 && kind === 'rollback' && player !== 0) {
    return [{ type: RecordType.restored, body: { kind, player, reason, cells } }]
  }
  for (let i = 0; i < cells.length; i += MAX_CELLS_A_RECORD) {
    const body = { kind, player, reason, cells: cells.slice(i, i + MAX_CELLS_A_RECORD) }
    records.push({ type: RecordType.restored, body })
  }
  return records
}
