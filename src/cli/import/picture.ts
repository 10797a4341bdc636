import { SpateError } from '../../base/errors.ts'
import type { BoardInfo } from '../../boards/canvas/canvas.ts'
import { contains } from '../../boards/canvas/geometry.ts'
import { MAX_COLORS } from '../../boards/canvas/rules.ts'
import type { Api, BoardSummary } from '../../client/api.ts'
import { hex } from '../options.ts'
import type { Progress } from '../progress.ts'
import { boardNamed, type DatasetImport, refuseShape } from './dataset.ts'
import { nearestIn } from './nearest.ts'
import { ColorCounts, isOpaque, type Pixels, readPixels, rgbAt } from './pixels.ts'

const CELLS_AT_ONCE = 65_536
const WHITE = 0xffffff
const BLACK = 0

export interface PictureImport extends Omit<DatasetImport, 'files' | 'format' | 'source' | 'nowMs'> {
  readonly file: string
  /** Where its top left pixel goes; default: the board's own top left, 0,0 for a new one. */
  readonly atX?: number
  readonly atY?: number
  /** Leave out colours that the board does not have, instead of taking the nearest. */
  readonly exact: boolean
}

export interface ImportedPicture {
  readonly board: BoardSummary
  readonly isNew: boolean
  readonly pixels: number
  readonly transparent: number
  /** By the server's name of the verdict. */
  readonly verdicts: ReadonlyMap<string, number>
  /** Pixels by colours that the board does not have, 0xRRGGBB: replaced by the nearest, or left out. */
  readonly unknownColors: ReadonlyMap<number, number>
}

/**
 * Paints a picture's opaque pixels on a board, as of now and by nobody. Without a board of that name one is made,
 * as large as the picture and with its colours. Errors: `invalid` for what is no picture or has too many
 * colours, those of the server.
 */
export async function importPicture(
  api: Api,
  wanted: PictureImport,
  progress: Progress,
): Promise<ImportedPicture> {
  const pixels = await readPixels(wanted.file)
  const colors = new ColorCounts(pixels)
  const existing = await boardNamed(api, wanted.board)
  if (existing !== undefined) refuseShape(wanted)
  const board = existing ?? (await createFor(api, wanted, pixels, colors))
  const drawn = new Drawing(pixels, colors, board, wanted)
  progress.begin('painting', pixels.width * pixels.height)
  try {
    for (const cells of drawn.cells()) {
      const path = `/api/boards/${board.id}/painted`
      const { verdicts } = await api.json<{ verdicts: Record<string, number> }>('POST', path, cells)
      for (const [name, count] of Object.entries(verdicts)) drawn.count(name, count)
      progress.update(drawn.done)
    }
  } finally {
    progress.end()
  }
  return {
    board,
    isNew: existing === undefined,
    pixels: pixels.width * pixels.height,
    transparent: colors.transparent,
    verdicts: drawn.verdicts,
    unknownColors: drawn.unknownColors,
  }
}

function createFor(
  api: Api,
  { board: id, extent, palette, atX = 0, atY = 0 }: PictureImport,
  { width, height }: Pixels,
  colors: ColorCounts,
): Promise<BoardSummary> {
  const chosen = palette ?? ownPalette(colors)
  return api.json('POST', '/api/boards', {
    ...{ id, left: atX, top: atY, width, height, ...extent, palette: chosen.map(hex) },
    background: Math.max(0, chosen.indexOf(WHITE)),
  })
}

/** The picture's colours; white too where a board would otherwise lack a background. Errors: `invalid`. */
function ownPalette({ counts, transparent }: ColorCounts): number[] {
  const palette = [...counts.keys()]
  if (transparent > 0 && !counts.has(WHITE)) palette.push(WHITE)
  if (palette.length < 2) palette.push(palette[0] === WHITE ? BLACK : WHITE)
  if (palette.length <= MAX_COLORS) return palette
  throw new SpateError(
    'invalid',
    `the picture has ${counts.size} colours, a board at most ${MAX_COLORS}: choose some with --palette`,
  )
}

/** A picture as cells of a board. */
class Drawing {
  done = 0
  readonly verdicts = new Map<string, number>()
  readonly unknownColors = new Map<number, number>()
  readonly #pixels: Pixels
  readonly #board: BoardInfo
  readonly #left: number
  readonly #top: number
  /** Index into the board's palette; undefined: to be left out. */
  readonly #indexes = new Map<number, number | undefined>()

  constructor(pixels: Pixels, colors: ColorCounts, board: BoardInfo, { atX, atY, exact }: PictureImport) {
    this.#pixels = pixels
    this.#board = board
    this.#left = atX ?? board.extent.left
    this.#top = atY ?? board.extent.top
    const nearest = nearestIn(board.palette)
    for (const [rgb, count] of colors.counts) {
      const known = board.palette.indexOf(rgb)
      if (known < 0) this.unknownColors.set(rgb, count)
      this.#indexes.set(rgb, known >= 0 ? known : exact ? undefined : nearest(rgb))
    }
  }

  count(verdict: string, count: number): void {
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + count)
  }

  /** Row by row, as the server takes them. */
  *cells(): Generator<{ x: number[]; y: number[]; color: number[] }> {
    const { width, height, rgba } = this.#pixels
    let cells: { x: number[]; y: number[]; color: number[] } = { x: [], y: [], color: [] }
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      this.done = pixel + 1
      if (!isOpaque(rgba, pixel)) continue
      const color = this.#indexes.get(rgbAt(rgba, pixel))
      if (color === undefined) continue
      const x = this.#left + (pixel % width)
      const y = this.#top + Math.floor(pixel / width)
      if (!contains(this.#board.extent, x, y)) {
        this.count('outOfRange', 1)
        continue
      }
      cells.x.push(x)
      cells.y.push(y)
      cells.color.push(color)
      if (cells.x.length < CELLS_AT_ONCE) continue
      yield cells
      cells = { x: [], y: [], color: [] }
    }
    if (cells.x.length > 0) yield cells
  }
}
