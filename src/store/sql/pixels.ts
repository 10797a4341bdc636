import { sql } from 'kysely'
import { numbers, texts } from './arrays.ts'
import type { Change, Db, PixelRow } from './schema.ts'

/** Beyond, a statement only gets larger, not faster. */
const ROWS_A_STATEMENT = 5000
export const MAX_HISTORY = 1000

/**
 * Inserts changes of cells, or completes those that are there: what is not known stays as it was. Of rows with the
 * same key the last one counts. Columns travel as arrays: one statement for thousands of rows.
 */
export async function upsertPixels(db: Change, rows: readonly PixelRow[]): Promise<void> {
  for (const [board, ofBoard] of Map.groupBy(rows, ({ board }) => board)) {
    const once = lastOfEach(ofBoard)
    for (let start = 0; start < once.length; start += ROWS_A_STATEMENT) {
      await upsert(db, board, once.slice(start, start + ROWS_A_STATEMENT))
    }
  }
}

async function upsert(db: Change, board: string, rows: readonly PixelRow[]): Promise<void> {
  await sql`
    insert into pixels as old (board, x, y, modified, player, name, colour)
    select ${board}, new.* from unnest(
      ${numbers(rows.map(({ x }) => x))}::int4[],
      ${numbers(rows.map(({ y }) => y))}::int4[],
      ${numbers(rows.map(({ modified }) => modified))}::int8[],
      ${texts(rows.map(({ player }) => player))}::text[],
      ${texts(rows.map(({ name }) => name))}::text[],
      ${numbers(rows.map(({ colour }) => colour))}::int4[]
    ) as new (x, y, modified, player, name, colour)
    on conflict (board, x, y, modified) do update set
      player = coalesce(excluded.player, old.player),
      name = coalesce(excluded.name, old.name),
      colour = coalesce(excluded.colour, old.colour)
    where (old.player, old.name, old.colour) is distinct from (
      coalesce(excluded.player, old.player),
      coalesce(excluded.name, old.name),
      coalesce(excluded.colour, old.colour)
    )`.execute(db)
}

/** The changes of a cell, the latest first. */
export function cellHistory(db: Db, board: string, x: number, y: number, limit: number): Promise<PixelRow[]> {
  return db
    .selectFrom('pixels')
    .selectAll()
    .where('board', '=', board)
    .where('x', '=', x)
    .where('y', '=', y)
    .orderBy('modified', 'desc')
    .limit(Math.min(limit, MAX_HISTORY))
    .execute()
}

/** A statement refuses to change a row twice. */
function lastOfEach(rows: readonly PixelRow[]): readonly PixelRow[] {
  const byKey = new Map<string, PixelRow>()
  for (const row of rows) {
    const key = `${row.x},${row.y},${row.modified}`
    const before = byKey.get(key)
    byKey.set(key, before === undefined ? row : completed(before, row))
  }
  return byKey.size === rows.length ? rows : [...byKey.values()]
}

function completed(before: PixelRow, row: PixelRow): PixelRow {
  return {
    ...row,
    player: row.player ?? before.player,
    name: row.name ?? before.name,
    colour: row.colour ?? before.colour,
  }
}
