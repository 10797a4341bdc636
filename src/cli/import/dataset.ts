import { tmpdir } from 'node:os'
import { SpateError } from '../../base/errors.ts'
import { type Area, MAX_SIDE } from '../../boards/canvas/geometry.ts'
import { MAX_COLORS } from '../../boards/canvas/rules.ts'
import type { Account } from '../../capture/datasets/account.ts'
import { DatasetReader } from '../../capture/datasets/dataset.ts'
import type { FormatName } from '../../capture/datasets/formats.ts'
import { PALETTE_2017, PALETTE_2022 } from '../../capture/datasets/palettes.ts'
import { BATCH_ROWS, type RowBatch } from '../../capture/datasets/rows.ts'
import { expanded } from '../../capture/datasets/shapes.ts'
import { DEFAULT_RUN_ROWS, TimeSort } from '../../capture/datasets/sort.ts'
import { type Api, type BoardSummary, ProblemError } from '../../client/api.ts'
import { hex } from '../options.ts'
import type { Progress } from '../progress.ts'
import { AuthorNumbers } from './author-numbers.ts'
import type { CellAccount } from './cell-account.ts'
import { Painter } from './painter.ts'
import { isBoardExtent, Survey } from './survey.ts'

const WHITE = 0xffffff

/** What the authors' names are unique in. The hash ids of the sample are not the user ids of its year. */
const SOURCES: Readonly<Record<FormatName, string>> = {
  '2017': 'place2017',
  '2022': 'place2022',
  '2023': 'place2023',
  argb: 'place2022-hashid',
}

export interface DatasetImport {
  readonly board: string
  readonly files: readonly string[]
  readonly format?: FormatName
  readonly source?: string
  /** Of the board, if it is made; what is not given follows from the data. */
  readonly extent: Partial<Area>
  readonly palette?: readonly number[]
  readonly nowMs: number
}

export interface ImportedDataset {
  readonly files: readonly string[]
  readonly lines: Account
  /** Rows of the future, or of the first millisecond of 1970. */
  readonly rowsNotInPast: number
  /** Undefined when there was nothing to paint. */
  readonly painted?: {
    readonly board: BoardSummary
    readonly isNew: boolean
    readonly source: string
    readonly cells: CellAccount
    readonly firstMs: number
    readonly lastMs: number
  }
}

/**
 * Reads the files of a dataset, puts their rows in order of time, and paints them on a board, which is made if
 * there is none of that name. What was sent stays when it fails midway; doing it again ends in the same picture.
 * Errors: those of the reader, the sort and the server; `invalid` when no board can hold the data as asked.
 */
export async function importDataset(
  api: Api,
  wanted: DatasetImport,
  progress: Progress,
): Promise<ImportedDataset> {
  const { format, nowMs } = wanted
  const reader = await DatasetReader.open(wanted.files, format === undefined ? {} : { format })
  const survey = new Survey(nowMs)
  const sort = new TimeSort({ runRows: DEFAULT_RUN_ROWS, folder: tmpdir() })
  const { signal } = new AbortController()

  async function* surveyed(): AsyncGenerator<RowBatch> {
    progress.begin('reading', reader.progress().totalBytes)
    for await (const batch of reader.rows(signal)) {
      survey.add(batch)
      yield batch
      progress.update(reader.progress().readBytes)
    }
    progress.end()
  }

  const sorted = sort.sorted(surveyed())
  try {
    // The first batch comes out when all rows have gone in.
    const first = await sorted.next()
    const read = { files: reader.files, lines: reader.account, rowsNotInPast: survey.notInPast }
    if (first.done || survey.rows === 0) return read

    const source = wanted.source ?? sourceOf(reader.formats)
    const existing = await boardNamed(api, wanted.board)
    if (existing !== undefined) refuseShape(wanted)
    const board = existing ?? (await createFor(api, wanted, survey, reader.formats))
    const painter = new Painter(api, board, new AuthorNumbers(api, source, reader.authors), nowMs)
    progress.begin('painting', reader.account.rows)
    const rows = startingWith(first.value, sorted, (done) => progress.update(done))
    for await (const cells of expanded(rows, BATCH_ROWS)) await painter.paint(cells)
    await painter.finish()
    const { firstMs, lastMs } = survey
    const isNew = existing === undefined
    return { ...read, painted: { board, isNew, source, cells: painter.account, firstMs, lastMs } }
  } finally {
    progress.end()
    await sorted.return()
  }
}

async function* startingWith(
  first: RowBatch,
  rest: AsyncIterator<RowBatch, void>,
  onDone: (rows: number) => void,
): AsyncGenerator<RowBatch> {
  let done = 0
  for (let next: IteratorResult<RowBatch, void> = { value: first }; !next.done; next = await rest.next()) {
    yield next.value
    done += next.value.n
    onDone(done)
  }
}

/** The board, if there is one. */
export async function boardNamed(api: Api, id: string): Promise<BoardSummary | undefined> {
  try {
    return await api.board(encodeURIComponent(id))
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'not-found') return undefined
    throw error
  }
}

/** Errors: `invalid` when a new board's size or colours are given for one that is there. */
export function refuseShape({ board, extent, palette }: Pick<DatasetImport, 'board' | 'extent' | 'palette'>) {
  if (Object.keys(extent).length === 0 && palette === undefined) return
  throw new SpateError(
    'invalid',
    `board ${board} exists: --width, --height, --left, --top and --palette are for a new one`,
  )
}

function sourceOf(formats: ReadonlySet<FormatName>): string {
  const sources = new Set([...formats].map((format) => SOURCES[format]))
  const [source] = sources
  if (source !== undefined && sources.size === 1) return source
  throw new SpateError(
    'invalid',
    `the files are of ${[...sources].join(' and ')}: name one source for all with --source, or import them one by one`,
  )
}

function createFor(
  api: Api,
  { board: id, extent, palette }: DatasetImport,
  survey: Survey,
  formats: ReadonlySet<FormatName>,
): Promise<BoardSummary> {
  const colors = palette ?? paletteOf(formats, survey.colors)
  return api.json('POST', '/api/boards', {
    ...{ id, ...extentOf(extent, survey.extent), palette: colors.map(hex) },
    background: Math.max(0, colors.indexOf(WHITE)),
    timeMs: survey.firstMs,
  })
}

/** What is given, and the rest so that everything fits. Errors: `invalid`. */
function extentOf(given: Partial<Area>, data: Area | undefined): Area {
  const all = data ?? { left: 0, top: 0, width: 1, height: 1 }
  const left = given.left ?? all.left
  const top = given.top ?? all.top
  const width = given.width ?? all.left + all.width - left
  const height = given.height ?? all.top + all.height - top
  if (isBoardExtent({ left, top, width, height })) return { left, top, width, height }
  throw new SpateError(
    'invalid',
    `the data spans ${all.width}×${all.height} cells from ${all.left},${all.top}; a board has 1 to ${MAX_SIDE} ` +
      'in each direction: say which with --left, --top, --width and --height',
  )
}

/** The colours of the year; after those of 2022 what else the data has, as far as there is room. */
function paletteOf(formats: ReadonlySet<FormatName>, found: ReadonlySet<number>): readonly number[] {
  if (formats.size === 1 && formats.has('2017')) return PALETTE_2017
  return [...new Set([...PALETTE_2022, ...found])].slice(0, MAX_COLORS)
}
