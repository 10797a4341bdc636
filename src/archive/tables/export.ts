import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { Verdict, verdictName } from '../../boards/canvas/verdict.ts'
import { type LogRecord, type Position, START } from '../../log/port.ts'
import { type ColumnType, Duck, literal } from './duck.ts'
import { PLACEMENT_KINDS, PlacementFold } from './placements.ts'

export const TABLE_FORMATS = ['parquet', 'csv', 'ndjson'] as const
export type TableFormat = (typeof TABLE_FORMATS)[number]

/** Rows of a row group: what a reader of Parquet holds at once. */
const ROW_GROUP = 122_880

const WRITTEN: Readonly<Record<TableFormat, string>> = {
  parquet: `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP}`,
  csv: 'FORMAT csv, HEADER',
  ndjson: 'FORMAT json',
}
const TIME = 'epoch_ms(time::BIGINT)'
/** Parquet has a type for it; elsewhere it is text that says its zone. */
const TIMES: Readonly<Record<TableFormat, string>> = {
  parquet: `${TIME}::TIMESTAMP_MS`,
  csv: `strftime(${TIME}, '%Y-%m-%dT%H:%M:%S.%gZ')`,
  ndjson: `strftime(${TIME}, '%Y-%m-%dT%H:%M:%S.%gZ')`,
}

/** What is gathered: numbers alone, which are quick to append. In the order of the appender's columns. */
const GATHERED: readonly (readonly [name: string, type: ColumnType])[] = [
  ['board', 'f64'],
  ['kind', 'u8'],
  ['verdict', 'u8'],
  ['time', 'f64'],
  ['position', 'f64'],
  ['player', 'u32'],
  ['x', 'i32'],
  ['y', 'i32'],
  ['color', 'u8'],
]
const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  u8: 'UTINYINT',
  u32: 'UINTEGER',
  i32: 'INTEGER',
  f64: 'DOUBLE',
}

const VERDICTS = Array.from({ length: Object.keys(Verdict).length }, (_, code) => verdictName(code))

/** The columns of every export, and their types in Parquet. Times are UTC. */
export const PLACEMENT_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['time', 'TIMESTAMP_MS'],
  ['position', 'UBIGINT'],
  ['board', 'VARCHAR'],
  ['kind', 'VARCHAR'],
  ['player', 'UINTEGER'],
  ['x', 'INTEGER'],
  ['y', 'INTEGER'],
  ['color', 'UTINYINT'],
  ['verdict', 'VARCHAR'],
]

export interface PlacementSource {
  readonly board: string
  /** From the board's first record on. */
  readonly records: AsyncIterable<readonly LogRecord[]>
  /** Rows of records up to there are left out. Default: none. */
  readonly after?: Position
}

/**
 * Writes a row for every placement of these boards, one board after the other, each in the order of its log, with the
 * verdict that its fold came to. The file appears under its name once it is whole; until then it is `NAME.part`, and
 * a table of numbers lies in `NAME.work` beside it, so that memory does not grow with the history.
 * Errors: `storage-failed`, those of the sources and of the fold.
 * @returns the number of rows
 */
export async function exportPlacements(
  sources: readonly PlacementSource[],
  format: TableFormat,
  out: string,
  onRecord: (board: string, position: Position) => void,
): Promise<number> {
  const work = `${out}.work`
  const part = `${out}.part`
  await storing(out, () => rm(work, { recursive: true, force: true }))
  try {
    await storing(out, () => mkdir(work))
    using duck = await Duck.open(join(work, 'rows.duckdb'), work)
    const rows = await gather(duck, sources, onRecord)
    const boards = sources.map(({ board }) => board)
    await duck.run(`COPY (${selection(boards, format)}) TO ${literal(part)} (${WRITTEN[format]})`)
    await storing(out, () => rename(part, out))
    return rows
  } finally {
    await rm(part, { force: true })
    await rm(work, { recursive: true, force: true })
  }
}

async function storing(out: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new SpateError('storage-failed', `cannot write ${out}: ${messageOf(cause)}`, { cause })
  }
}

async function gather(
  duck: Duck,
  sources: readonly PlacementSource[],
  onRecord: (board: string, position: Position) => void,
): Promise<number> {
  const columns = GATHERED.map(([name, type]) => `${name} ${SQL_TYPES[type]}`)
  await duck.run(`CREATE TABLE gathered (${columns.join(', ')})`)
  const appender = await duck.appender(
    'gathered',
    GATHERED.map(([, type]) => type),
  )
  const none = new Float64Array(0)
  const [boards = none, kinds = none, verdicts = none, times = none, positions = none, ...rest] =
    appender.columns
  const [players = none, xs = none, ys = none, colors = none] = rest
  const pace = new Pace()
  let rows = 0
  try {
    for (const [number, { board, records, after = START }] of sources.entries()) {
      const fold = new PlacementFold(after, (kind, verdict, timeMs, position, player, x, y, color) => {
        const row = appender.row()
        boards[row] = number
        kinds[row] = kind
        verdicts[row] = verdict
        times[row] = timeMs
        positions[row] = position
        players[row] = player
        xs[row] = x
        ys[row] = y
        colors[row] = color
        rows += 1
      })
      for await (const batch of records) {
        for (const record of batch) {
          fold.fold(record)
          onRecord(board, record.position)
          await pace.turn()
        }
      }
    }
  } finally {
    appender.close()
  }
  return rows
}

function selection(boards: readonly string[], format: TableFormat): string {
  return `SELECT ${TIMES[format]} AS time, position::UBIGINT AS position,
    ${named(boards, 'board')} AS board, ${named(PLACEMENT_KINDS, 'kind')} AS kind,
    player, x, y, color, ${named(VERDICTS, 'verdict')} AS verdict
    FROM gathered`
}

/** A column of numbers as what they count. */
function named(names: readonly string[], column: string): string {
  return `([${names.map(literal).join(', ')}]::VARCHAR[])[${column}::INTEGER + 1]`
}
