import { Command, Option } from 'commander'
import { systemClock } from '../../base/clock.ts'
import { SpateError } from '../../base/errors.ts'
import type { Area } from '../../boards/canvas/geometry.ts'
import { FORMATS, type FormatName } from '../../capture/datasets/formats.ts'
import type { Api } from '../../client/api.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { importDataset } from '../import/dataset.ts'
import { accountOf } from '../import/dataset-text.ts'
import { importPicture } from '../import/picture.ts'
import { pictureAccountOf } from '../import/picture-text.ts'
import { isPng } from '../import/pixels.ts'
import { PALETTE_HELP, palette, wholeNumber } from '../options.ts'
import { StreamProgress } from '../progress.ts'

interface Options extends ConnectionOptions, Partial<Area> {
  readonly board: string
  readonly palette?: readonly number[]
  readonly format?: FormatName
  readonly source?: string
  readonly atX?: number
  readonly atY?: number
  readonly exact?: true
}

const AFTER_HELP = `
The files are those of one r/place dataset (2017, 2022, 2023; gzip or not; in any order), or one PNG.
Importing the same files again ends in the same picture. What is too much to sort in memory goes to a temporary
file (TMPDIR), 30 bytes a row.`

export function boardImportCommand(): Command {
  const command = new Command('import')
    .description('paint an r/place dataset or a PNG on a board, which is made if there is none')
    .argument('<files...>')
    .requiredOption('--board <id>', 'the board to paint on')
    .option('--width <cells>', 'of a new board (default: what the files need)', wholeNumber)
    .option('--height <cells>', 'of a new board', wholeNumber)
    .option('--left <x>', 'leftmost cell of a new board', wholeNumber)
    .option('--top <y>', 'topmost cell of a new board', wholeNumber)
    .option('--palette <colours>', `of a new board: ${PALETTE_HELP}`, palette)
    .addOption(
      new Option('--format <name>', 'read the files so, whatever their first line says').choices(
        Object.keys(FORMATS),
      ),
    )
    .option('--source <name>', 'what the authors’ names are unique in (default: place and the year)')
    .option('--at-x <x>', 'PNG: where its left edge goes (default: the board’s)', wholeNumber)
    .option('--at-y <y>', 'PNG: where its top edge goes (default: the board’s)', wholeNumber)
    .option('--exact', 'PNG: leave out colours that the board does not have, instead of taking the nearest')
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(run)
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const pictures = await Promise.all(files.map(isPng))
  if (!pictures.includes(true)) {
    refuse(options, ['atX', 'atY', 'exact'], '--at-x, --at-y and --exact are for a PNG')
    return withServer(options, (api) => dataset(api, files, options))
  }
  const [file, ...others] = files
  if (file === undefined || others.length > 0) {
    throw new SpateError('invalid', 'a PNG is imported on its own')
  }
  refuse(options, ['format', 'source'], '--format and --source are for datasets')
  await withServer(options, (api) => picture(api, file, options))
}

function refuse(options: Options, names: readonly (keyof Options)[], why: string): void {
  if (names.some((name) => options[name] !== undefined)) throw new SpateError('invalid', why)
}

async function dataset(api: Api, files: readonly string[], options: Options): Promise<void> {
  const { board, format, source } = options
  const imported = await importDataset(
    api,
    {
      board,
      files,
      ...(format === undefined ? {} : { format }),
      ...(source === undefined ? {} : { source }),
      ...shapeOf(options),
      nowMs: systemClock.now(),
    },
    new StreamProgress(process.stderr),
  )
  process.stdout.write(accountOf(imported))
  if (imported.painted === undefined) {
    throw new SpateError('invalid', 'nothing of this could be painted')
  }
}

async function picture(api: Api, file: string, options: Options): Promise<void> {
  const { board, atX, atY, exact = false } = options
  const imported = await importPicture(
    api,
    {
      ...{ board, file, exact },
      ...(atX === undefined ? {} : { atX }),
      ...(atY === undefined ? {} : { atY }),
      ...shapeOf(options),
    },
    new StreamProgress(process.stderr),
  )
  process.stdout.write(pictureAccountOf(imported, exact))
}

/** What is given of a new board. */
function shapeOf({ left, top, width, height, palette }: Options): {
  extent: Partial<Area>
  palette?: readonly number[]
} {
  const extent = {
    ...(left === undefined ? {} : { left }),
    ...(top === undefined ? {} : { top }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  }
  return palette === undefined ? { extent } : { extent, palette }
}
