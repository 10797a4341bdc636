import { Argument, Command } from 'commander'
import { ArchiveReader } from '../../archive/reader.ts'
import {
  exportPlacements,
  type PlacementSource,
  TABLE_FORMATS,
  type TableFormat,
} from '../../archive/tables/export.ts'
import { archivedBoards, archivedRecords } from '../../archive/tables/parquet.ts'
import { SpateError } from '../../base/errors.ts'
import type { Api } from '../../client/api.ts'
import { decodeRecords } from '../../log/record-stream.ts'
import { type ObjectsOptions, objectsOption, withObjects } from '../archive/objects.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { datasetCommand } from '../dataset/command.ts'
import { bodyOf } from '../output.ts'
import { StreamProgress } from '../progress.ts'

interface Options extends ConnectionOptions, ObjectsOptions {
  readonly out?: string
  readonly board?: readonly string[]
  readonly archive?: true
}

const AFTER_HELP = `
A row for every placement, refused ones among them: time (UTC, to the millisecond), position, board, kind (placed,
painted, restored), player (number), x, y, color (index), verdict.

  spate export parquet --board lobby --out lobby.parquet
  spate export csv --archive --out everything.csv`

export function exportCommand(): Command {
  const command = new Command('export')
    .description('write every placement with its verdict, as a table')
    .addArgument(new Argument('<format>').choices(TABLE_FORMATS))
    .option('--out <file>', 'file to write')
    .option('--board <id...>', 'boards (default: all)')
    .option('--archive', 'read the archive, and no server; so does --objects')
    .addHelpText('after', AFTER_HELP)
  return (
    objectsOption(connectionOptions(command))
      .action(run)
      .addCommand(datasetCommand())
      // What follows `dataset` is its own.
      .enablePositionalOptions()
  )
}

/** What is to be exported, and up to where each board goes. */
interface Exported {
  readonly sources: readonly PlacementSource[]
  readonly ends: ReadonlyMap<string, number>
}

async function run(format: TableFormat, options: Options): Promise<void> {
  const { out, board } = options
  if (out === undefined || out === '-')
    throw new SpateError('invalid', 'a table is written to a file: name it with --out')
  if (options.archive === undefined && options.objects === undefined) {
    return withServer(options, async (api) => write(format, out, await served(api, board)))
  }
  return withObjects(options, async (objects) =>
    write(format, out, await archived(new ArchiveReader(objects), board)),
  )
}

async function served(api: Api, wanted: readonly string[] | undefined): Promise<Exported> {
  const { boards } = await api.boards()
  const ends = new Map(boards.map(({ id, position }) => [id, position]))
  const sources = chosen([...ends.keys()], wanted).map((board) => ({ board, records: recordsOf(api, board) }))
  return { sources, ends }
}

async function* recordsOf(api: Api, board: string) {
  yield* decodeRecords(bodyOf(await api.request('GET', `/api/boards/${encodeURIComponent(board)}/records`)))
}

async function archived(reader: ArchiveReader, wanted: readonly string[] | undefined): Promise<Exported> {
  const ends = new Map<string, number>()
  for (const board of await archivedBoards(reader)) {
    ends.set(board, await reader.sealedUpTo(`board/${board}`))
  }
  const boards = chosen([...ends.keys()], wanted)
  return { sources: boards.map((board) => ({ board, records: archivedRecords(reader, board) })), ends }
}

/** Errors: `not-found`. */
function chosen(boards: readonly string[], wanted: readonly string[] = boards): readonly string[] {
  const missing = wanted.find((board) => !boards.includes(board))
  if (missing !== undefined) throw new SpateError('not-found', `there is no board "${missing}"`)
  return [...new Set(wanted)]
}

async function write(format: TableFormat, out: string, { sources, ends }: Exported): Promise<void> {
  const progress = new StreamProgress(process.stderr)
  progress.begin(
    'reading',
    sources.reduce((sum, { board }) => sum + (ends.get(board) ?? 0), 0),
  )
  let before = 0
  let reading = sources[0]?.board
  try {
    const rows = await exportPlacements(sources, format, out, (board, position) => {
      if (board !== reading) {
        before += ends.get(reading ?? '') ?? 0
        reading = board
      }
      progress.update(before + position)
    })
    process.stdout.write(`${rows} rows of ${sources.length} boards\n`)
  } finally {
    progress.end()
  }
}
