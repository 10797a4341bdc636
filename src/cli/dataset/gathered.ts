import { join } from 'node:path'
import { foldOfKind, type ReportingFold } from '../../capture/captured-stream.ts'
import { decodeCaptureRecord } from '../../capture/codec.ts'
import { CaptureFold } from '../../capture/place/fold.ts'
import { type CaptureKind, CaptureRecordType } from '../../capture/records.ts'
import type { LogRecord } from '../../log/port.ts'
import { RowsFile } from './rows-file.ts'

/** What a capture's stream says, put where DuckDB reads it. */
export interface Gathered {
  readonly fold: ReportingFold
  /** Of a canvas, in cells; undefined: it was captured without frames. */
  readonly frameSize: { readonly width: number; readonly height: number } | undefined
  /** A row for each frame that was told of; some twice. */
  readonly told: string
  /** What became of downloads. */
  readonly fetched: string
  /** Who changed what. */
  readonly answers: string
}

/** Folds the stream, and writes its rows into files of that folder. Errors: those of the fold and of the records. */
export async function gather(
  records: AsyncIterable<readonly LogRecord[]>,
  folder: string,
  onRecord: (position: number) => void,
): Promise<Gathered> {
  let fold = foldOfKind('place')
  let isFirst = true
  const told = await RowsFile.create(join(folder, 'told.ndjson.gz'))
  const fetched = await RowsFile.create(join(folder, 'fetched.ndjson.gz'))
  const answers = await RowsFile.create(join(folder, 'answers.ndjson.gz'))
  const files = [told, fetched, answers]
  try {
    for await (const batch of records) {
      for (const record of batch) {
        if (isFirst) fold = foldOfKind(kindOf(record))
        isFirst = false
        fold.apply(record)
        addOutcomes(record, fetched, answers)
        for (const frame of fold instanceof CaptureFold ? fold.takeFresh() : []) {
          const { url, canvas, kind, timestampMs, dx, dy } = frame
          told.add({ url, name: nameOf(url), canvas, kind, timestampMs, dx, dy })
        }
        for (const file of files) await file.settle()
        onRecord(record.position)
      }
    }
  } finally {
    for (const file of files) await file.close()
  }
  const { path } = told
  return { fold, frameSize: frameSizeOf(fold), told: path, fetched: fetched.path, answers: answers.path }
}

function kindOf({ type, body }: LogRecord): CaptureKind {
  const record = decodeCaptureRecord(type, body)
  return record.type === CaptureRecordType.began ? record.body.kind : 'place'
}

function frameSizeOf(fold: ReportingFold): Gathered['frameSize'] {
  if (!(fold instanceof CaptureFold)) return undefined
  return { width: fold.config?.canvasWidth ?? 0, height: fold.config?.canvasHeight ?? 0 }
}

function addOutcomes({ type, body }: LogRecord, fetched: RowsFile, answers: RowsFile): void {
  if (type !== CaptureRecordType.fetched && type !== CaptureRecordType.answered) return
  const record = decodeCaptureRecord(type, body)
  if (record.type === CaptureRecordType.fetched) {
    for (const { url, status, sha256, sizeBytes } of record.body.frames) {
      fetched.add({ url, status, sha256: sha256 === '' ? null : sha256, size: sizeBytes })
    }
  } else if (record.type === CaptureRecordType.answered) {
    for (const { x, y, changeMs, modifiedMs, user } of record.body) {
      // Somebody who came later is not who is looked for.
      if (user === null || modifiedMs === 0 || modifiedMs > changeMs) continue
      answers.add({ x, y, changeMs, modifiedMs, user: user.id, called: user.name })
    }
  }
}

/** The last part of an address: without the query, which may hold a signature. */
function nameOf(url: string): string {
  return URL.parse(url)?.pathname.split('/').at(-1) ?? ''
}
