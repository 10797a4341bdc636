import { extname } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { SpateError } from '../../base/errors.ts'
import type { Area } from '../../boards/canvas/geometry.ts'
import { stillWriterOf } from '../../boards/timelapse/formats.ts'
import { StillReader } from '../../boards/timelapse/stills.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { amount, wholeNumber } from '../options.ts'
import { bodyOf, requireNoTerminal, writeOut } from '../output.ts'
import { type Progress, StreamProgress } from '../progress.ts'
import { isVideo, requireFfmpeg, type VideoFormat, writeVideo } from './video.ts'

const FORMATS = ['webp', 'gif', 'mp4', 'webm'] as const
type Format = (typeof FORMATS)[number]

interface Options extends ConnectionOptions, Partial<Area> {
  readonly out: string
  readonly format?: Format
  readonly from?: string
  readonly to?: string
  readonly scale?: number
  readonly fps: number
  readonly seconds?: number
  readonly speed?: number
}

const DEFAULT_SECONDS = 10

const AFTER_HELP = `
Frames are spread evenly over the span, the first at its begin, the last at its end. MP4 and WebM need ffmpeg on the
PATH.

  spate timelapse lobby --out lobby.webp
  spate timelapse place --left 0 --top 0 --width 500 --height 500 --scale 2 --speed 3600 --fps 25 --out place.mp4`

export function timelapseCommand(): Command {
  const command = new Command('timelapse')
    .description('make a film of a board’s past')
    .argument('<board>')
    .requiredOption('--out <file>', 'file to write (.webp, .gif, .mp4, .webm), - for standard output')
    .addOption(new Option('--format <name>', 'default: as the file’s name says').choices(FORMATS))
    .option('--from <time>', 'ISO 8601 (default: when the board was made)')
    .option('--to <time>', 'ISO 8601 (default: the last change)')
    .option('--left <x>', 'leftmost cell (default: the board’s)', wholeNumber)
    .option('--top <y>', 'topmost cell', wholeNumber)
    .option('--width <cells>', 'of the area', wholeNumber)
    .option('--height <cells>', 'of the area', wholeNumber)
    .option('--scale <pixels>', 'pixels a cell, below 1 cells are left out (default: 1)', amount)
    .option('--fps <frames>', 'frames a second', framesASecond, 20)
    .option('--seconds <seconds>', `length of the film (default: ${DEFAULT_SECONDS})`, amount)
    .addOption(
      new Option('--speed <factor>', 'seconds of the board in one of the film')
        .argParser(amount)
        .conflicts('seconds'),
    )
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(timelapse)
}

function framesASecond(text: string): number {
  const fps = wholeNumber(text)
  if (fps < 1 || fps > 50) throw new InvalidArgumentError('Expected 1 to 50.')
  return fps
}

async function timelapse(board: string, options: Options): Promise<void> {
  const format = formatOf(options)
  if (isVideo(format)) {
    if (options.out === '-')
      throw new SpateError('invalid', 'a video is written to a file: name it with --out')
    await requireFfmpeg()
  }
  requireNoTerminal(options.out)
  const progress = new StreamProgress(process.stderr)
  await withServer(options, async (api) => {
    const path = `/api/boards/${encodeURIComponent(board)}/timelapse.stills?${queryOf(options)}`
    const reader = await StillReader.open(bodyOf(await api.request('GET', path)))
    progress.begin('filming', reader.head.frames)
    try {
      await write(reader, format, options.out, progress)
    } finally {
      progress.end()
    }
  })
}

async function write(reader: StillReader, format: Format, out: string, progress: Progress): Promise<void> {
  if (isVideo(format)) return writeVideo(reader, format, out, (frames) => progress.update(frames))
  await writeOut(out, encoded(reader, format, progress))
}

async function* encoded(
  reader: StillReader,
  format: Exclude<Format, VideoFormat>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  const writer = stillWriterOf(format, reader.head)
  for await (const still of reader.stills()) {
    yield await writer.still(still)
    progress.update(still.to)
  }
  yield writer.end()
}

/** Errors: `invalid`. */
function formatOf({ format, out }: Options): Format {
  const named = format ?? FORMATS.find((name) => extname(out).toLowerCase() === `.${name}`)
  if (named === undefined) throw new SpateError('invalid', `--format: one of ${FORMATS.join(', ')}`)
  return named
}

function queryOf(options: Options): URLSearchParams {
  const { fps, seconds, speed } = options
  const query = new URLSearchParams({ fps: String(fps) })
  for (const name of ['from', 'to', 'left', 'top', 'width', 'height', 'scale', 'speed'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, String(value))
  }
  if (speed === undefined) {
    query.set('frames', String(Math.max(1, Math.round((seconds ?? DEFAULT_SECONDS) * fps))))
  }
  return query
}
