import type { BoardInfo } from '../../boards/canvas/canvas.ts'
import { type CanvasReport, type CaptureReport, moment, percent } from '../../capture/report.ts'
import { hex } from '../options.ts'
import type { PublishedFile } from './folder.ts'

/** Holes of a canvas named one by one at most; `coverage.json` has all. */
const HOLES_SHOWN = 100

export interface Published {
  readonly report: CaptureReport
  readonly board: BoardInfo & { readonly position: number }
  readonly files: readonly PublishedFile[]
  readonly pixels: number
  /** Of these: whose author is known. */
  readonly authored: number
  readonly frames: number
  /** Different pictures; undefined: they were left out. */
  readonly pictures: number | undefined
  readonly outcomes: readonly (readonly [canvas: number, status: string, frames: number])[]
}

/** What somebody reads who finds the dataset. Says nothing but what the streams say: no clock, no machine. */
export function readme(published: Published): string {
  const { report } = published
  return `${[
    `# ${inline(report.name)}`,
    beginning(published),
    filesText(published),
    COLUMNS,
    canvasesText(published),
    ...report.canvases.filter(({ holes }) => holes.length > 0).map(holesText),
    importText(published),
  ].join('\n\n')}\n`
}

function beginning({ report, board, pixels, authored, frames }: Published): string {
  const { source, beganMs, counts, position, canvases } = report
  const from = least(canvases.map(({ seen }) => seen?.fromMs))
  const to = most(canvases.map(({ seen }) => seen?.toMs))
  const seen =
    from === undefined || to === undefined ? 'No frame was seen.' : `Seen: ${moment(from)} to ${moment(to)}.`
  return [
    `Captured by Spate from ${inline(source)} since ${moment(beganMs)}. ${seen}`,
    `${pixels} changes of pixels, ${authored} with their author, ${frames} frames that the source told of, in ${counts.messages} messages (${counts.bytes} bytes).`,
    `As of record ${position} of the capture’s stream and record ${board.position} of the board’s. Times are UTC.`,
  ].join('\n')
}

function filesText({ files, pictures }: Published): string {
  const rows = files.map(({ name, bytes, sha256 }) => [name, String(bytes), sha256])
  return [
    '## Files',
    '',
    ...table(['file', 'bytes', 'SHA-256'], rows),
    '',
    pictures === undefined
      ? 'The pictures of the frames were left out.'
      : `\`frames/\`: ${pictures} different pictures as the source sent them, named by their SHA-256.`,
    '`SHA256SUMS` names every file: `sha256sum -c SHA256SUMS`.',
  ].join('\n')
}

const COLUMNS = `## Columns

\`pixels.csv.gz\`: a row for each change of a pixel that a frame showed, in order of time, in the columns of the dataset of 2022:
\`timestamp\` (of the frame), \`user_id\` (as the source names them; empty where it was not told), \`pixel_color\`, \`coordinate\` (\`x,y\`).

\`pixels.parquet\`: the same rows in the same order, with \`user_name\`, \`modified\` (when the source says that the author
changed the pixel), and \`shown_by\`: \`diff\`, or \`full\` for what was first seen in a full frame: an older pixel, or the repair of a hole;
\`placed\`, \`painted\`, \`restored\` where the source told of pixels and not of frames.

\`frames.csv.gz\`: \`name\`, \`timestamp\`, \`canvas\`, \`kind\` (\`full\`, \`diff\`), \`sha256\` (of the bytes), \`size\` (bytes), \`status\`:
\`stored\`; \`missing\` (404), \`expired\` (401, 403), \`broken\` (no picture), \`foreign\` (of another host, not asked for), \`failed\` (not to be had), \`waiting\` (not fetched yet).

\`coverage.json\`: for each canvas what was seen, what can be vouched for (\`covered\`) and every hole with its causes, in ms since 1970.`

function canvasesText({ report, outcomes }: Published): string {
  const rows = report.canvases.map((canvas) => {
    const statuses = outcomes.filter(([of]) => of === canvas.canvas)
    return [
      String(canvas.canvas),
      `${canvas.dx},${canvas.dy}`,
      canvas.seen === undefined ? '' : moment(canvas.seen.fromMs),
      canvas.seen === undefined ? '' : moment(canvas.seen.toMs),
      statuses.map(([, status, frames]) => `${frames} ${status}`).join(', '),
      String(canvas.counts.cells),
      percent(canvas.coveredShare),
      String(canvas.holes.length),
      String(canvas.holeMs),
    ]
  })
  const head = [...['canvas', 'at', 'from', 'to', 'frames', 'changes', 'covered', 'holes'], 'ms in holes']
  return ['## Coverage', '', ...table(head, rows)].join('\n')
}

function holesText({ canvas, holes }: CanvasReport): string {
  const rows = holes
    .slice(0, HOLES_SHOWN)
    .map(({ fromMs, toMs, causes }) => [
      moment(fromMs),
      moment(toMs),
      String(toMs - fromMs),
      causes.join(', '),
    ])
  const rest = holes.length - rows.length
  return [
    `### Holes of canvas ${canvas}`,
    '',
    ...table(['from', 'to', 'ms', 'causes'], rows),
    ...(rest > 0 ? ['', `and ${rest} more: \`coverage.json\`.`] : []),
  ].join('\n')
}

function importText({ report, board }: Published): string {
  const { left, top, width, height } = board.extent
  const palette = board.palette.map(hex).join(',')
  return `## Import

    spate board import --board ${report.name} --format 2022 --left ${left} --top ${top} --width ${width} --height ${height} --palette '${palette}' pixels.csv.gz`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

/** A source's words on one line, without markup. */
function inline(text: string): string {
  return `\`${text.replaceAll(/[\s`]/g, ' ')}\``
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
