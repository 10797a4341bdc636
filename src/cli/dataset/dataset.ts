import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Duck } from '../../archive/tables/duck.ts'
import { SpateError } from '../../base/errors.ts'
import type { Api, BoardSummary } from '../../client/api.ts'
import { decodeRecords } from '../../log/record-stream.ts'
import { captureOf } from '../capture/api.ts'
import { bodyOf, bytesOf } from '../output.ts'
import type { Progress } from '../progress.ts'
import { inNewFolder, published, Sums } from './folder.ts'
import { writeFrames } from './frames.ts'
import { gather } from './gathered.ts'
import { type Published, readme } from './readme.ts'
import {
  authored,
  countOf,
  makeTables,
  outcomes,
  pictures,
  writeFramesCsv,
  writePixelsCsv,
  writePixelsParquet,
} from './tables.ts'

export interface DatasetOptions {
  /** Whether the pictures go with it. */
  readonly hasFrames: boolean
}

/**
 * Writes what archivists publish of a capture into a new folder, whole or not at all. Of the same streams the same
 * bytes come out. What is sorted lies in files meanwhile: memory is that of DuckDB (512 MB) and of a capture's fold.
 * The board is read first, so every frame that it shows is in the capture’s stream when that is read.
 * Errors: `conflict`, `not-found`, `invalid` for a feed, `corrupt`, those of the server and the file system.
 */
export function exportDataset(
  api: Api,
  name: string,
  to: string,
  { hasFrames }: DatasetOptions,
  progress: Progress,
): Promise<Published> {
  return inNewFolder(to, async (folder, work) => {
    const id = encodeURIComponent(name)
    const { kind, report } = await captureOf(api, name)
    if (kind === 'feed')
      throw new SpateError(
        'invalid',
        `"${name}" is a feed, which has no pixels: GET /api/captures/${id}/records gives what it said`,
      )
    const board = await api.json<BoardSummary>('GET', `/api/boards/${id}`)
    const history = join(work, 'history.ndjson.gz')
    const rows = await api.request('GET', `/api/boards/${id}/history.ndjson`)
    const boardPosition = Number(rows.headers.get('x-content-version'))
    await pipeline(bodyOf(rows), createGzip({ level: 1 }), createWriteStream(history))
    progress.begin('reading', report.position)
    const records = decodeRecords(bodyOf(await api.request('GET', `/api/captures/${id}/records`)))
    const gathered = await gather(records, work, (position) => progress.update(position))
    progress.end()
    using duck = await Duck.open(join(work, 'tables.duckdb'), work)
    await makeTables(duck, history, gathered)
    await writePixelsCsv(duck, join(folder, 'pixels.csv.gz'))
    await writePixelsParquet(duck, join(folder, 'pixels.parquet'))
    await writeFramesCsv(duck, join(folder, 'frames.csv.gz'))
    const coverage = gathered.fold.report(name)
    await writeFile(join(folder, 'coverage.json'), `${JSON.stringify(coverage, undefined, 1)}\n`)
    await using sums = await Sums.create(folder)
    const frames = await countOf(duck, 'frames')
    const files = []
    for (const file of ['pixels.csv.gz', 'pixels.parquet', 'frames.csv.gz', 'coverage.json']) {
      files.push(await published(folder, file))
    }
    progress.begin('frames', frames)
    const get = async (sha256: string): Promise<Uint8Array> =>
      bytesOf(await api.request('GET', `/api/captures/${id}/frames/${sha256}`))
    const count = hasFrames
      ? await writeFrames(folder, pictures(duck), get, sums, (done) => progress.update(done))
      : undefined
    progress.end()
    const all: Published = {
      report: coverage,
      board: { ...board, position: boardPosition },
      files,
      pixels: await countOf(duck, 'pixels'),
      authored: await authored(duck),
      frames,
      pictures: count,
      outcomes: await outcomes(duck),
    }
    await writeFile(join(folder, 'README.md'), readme(all))
    for (const { sha256, name: file } of [...files, await published(folder, 'README.md')]) {
      await sums.add(sha256, file)
    }
    await sums.finish()
    return all
  })
}
