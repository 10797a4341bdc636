import { join } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../../app/config.ts'
import { DataFolder } from '../../app/data-folder.ts'
import type { QueryResult } from '../../archive/tables/duck.ts'
import { refreshParquet } from '../../archive/tables/parquet.ts'
import { PlacementQuery } from '../../archive/tables/query.ts'
import type { Position } from '../../log/port.ts'
import { type ObjectsOptions, objectsOption, withObjects } from '../archive/objects.ts'
import { table } from '../board/table.ts'
import { wholeNumber } from '../options.ts'
import { writeOut } from '../output.ts'
import { StreamProgress } from '../progress.ts'

interface Options extends ObjectsOptions {
  readonly csv?: true
  readonly rows: number
}

const CHUNK_CHARACTERS = 1 << 16

const AFTER_HELP = `
The view \`placements\` has a row for every archived placement: time (UTC), position, board, kind (placed, painted,
restored), player, x, y, color, verdict. Parquet is made of what the archive has new, into parquet/ of the data
folder; nothing but that can be read.

  spate query "SELECT player, count(*) AS n FROM placements WHERE verdict = 'accepted' GROUP BY ALL ORDER BY n DESC LIMIT 10"`

export function queryCommand(): Command {
  const command = new Command('query')
    .description('ask the archive in SQL')
    .argument('<sql>')
    .option('--csv', 'all rows, as CSV')
    .option('--rows <count>', 'rows of the table', wholeNumber, 100)
    .addHelpText('after', AFTER_HELP)
  return objectsOption(command).action(query)
}

async function query(sql: string, { csv, rows, ...place }: Options): Promise<void> {
  const folder = join(readConfig(process.env).dataFolder, 'parquet')
  const boards = join(folder, 'boards')
  const files = await refreshed(place, folder, boards)
  using placements = await PlacementQuery.open(files, boards)
  const result = await placements.query(sql)
  if (csv === true) await writeOut('-', csvOf(result))
  else process.stdout.write(await tableOf(result, rows))
}

async function refreshed(place: ObjectsOptions, folder: string, boards: string): Promise<string[]> {
  // One process at a time makes Parquet there; any number read it.
  using _claim = await DataFolder.claim(folder)
  const progress = new StreamProgress(process.stderr)
  let made: string | undefined
  const told = (board: string, position: Position, last: Position) => {
    if (board !== made) {
      progress.end()
      progress.begin(board, last)
      made = board
    }
    progress.update(position)
  }
  try {
    return await withObjects(place, (objects) => refreshParquet(objects, boards, told))
  } finally {
    progress.end()
  }
}

async function tableOf({ columns, rows }: QueryResult, most: number): Promise<string> {
  const shown: string[][] = []
  let isCut = false
  for await (const row of rows) {
    isCut = shown.length >= most
    if (isCut) break
    shown.push(row.map((value) => (value === null ? 'NULL' : oneLine(value))))
  }
  const right = new Set(columns.flatMap(({ isNumber }, i) => (isNumber ? [i] : [])))
  const text = table([columns.map(({ name }) => oneLine(name)), ...shown], right)
  return isCut ? `${text}… the first ${most} rows; --rows says how many, --csv writes all\n` : text
}

/** Nothing that would move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}

async function* csvOf({ columns, rows }: QueryResult): AsyncGenerator<Uint8Array> {
  let text = lineOf(columns.map(({ name }) => name))
  for await (const row of rows) {
    text += lineOf(row)
    if (text.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}

/** RFC 4180; NULL is an empty field. */
function lineOf(fields: readonly (string | null)[]): string {
  const quoted = fields.map((field) =>
    field !== null && /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : (field ?? ''),
  )
  return `${quoted.join(',')}\n`
}
