import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type DatasetOptions, DatasetReader } from '../../src/capture/datasets/dataset.ts'
import { FORMATS } from '../../src/capture/datasets/formats.ts'
import { BATCH_ROWS } from '../../src/capture/datasets/rows.ts'
import { expanded } from '../../src/capture/datasets/shapes.ts'

export const HEADER_2017 = FORMATS['2017'].header
export const HEADER_2022 = FORMATS['2022'].header
export const HEADER_2023 = FORMATS['2023'].header
export const HEADER_ARGB = FORMATS.argb.header

/** Rows or cells in columns, as the dataset reader hands them over. */
interface Columns {
  readonly n: number
  readonly timeMs: ArrayLike<number>
  readonly author: ArrayLike<number>
  readonly rgb: ArrayLike<number>
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly file: ArrayLike<number>
  readonly line: ArrayLike<number>
}

export interface ListedCell {
  readonly timeMs: number
  readonly author: number
  readonly rgb: number
  readonly x: number
  readonly y: number
  readonly file: number
  readonly line: number
}

export function listed(batch: Columns): ListedCell[] {
  return Array.from({ length: batch.n }, (_, i) => ({
    timeMs: batch.timeMs[i]!,
    author: batch.author[i]!,
    rgb: batch.rgb[i]!,
    x: batch.x[i]!,
    y: batch.y[i]!,
    file: batch.file[i]!,
    line: batch.line[i]!,
  }))
}

export async function allListed(batches: AsyncIterable<Columns>): Promise<ListedCell[]> {
  const cells: ListedCell[] = []
  for await (const batch of batches) for (const cell of listed(batch)) cells.push(cell)
  return cells
}

/** Writes a file with these lines, each ended. */
export function linesFile(folder: string, name: string, ...lines: readonly string[]): string {
  return bytesFile(folder, name, Buffer.from(lines.map((line) => `${line}\n`).join('')))
}

export function gzipFile(folder: string, name: string, ...members: readonly string[]): string {
  return bytesFile(folder, name, Buffer.concat(members.map((member) => gzipSync(member))))
}

export function bytesFile(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** All cells of a dataset, unsorted. */
export async function readDataset(paths: readonly string[], options: DatasetOptions = {}) {
  const reader = await DatasetReader.open(paths, options)
  const cells = await allListed(expanded(reader.rows(new AbortController().signal), BATCH_ROWS))
  return { reader, account: reader.account, cells }
}

/** Cells with their author's name, in short: `author x,y #rrggbb @ms`. */
export function told(reader: DatasetReader, cells: readonly ListedCell[]): string[] {
  return cells.map(({ author, x, y, rgb, timeMs }) => {
    const hex = rgb.toString(16).padStart(6, '0')
    return `${reader.authors.nameOf(author)} ${x},${y} #${hex} @${timeMs}`
  })
}
