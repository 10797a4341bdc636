import type { Clock } from '../../base/clock.ts'
import { SpateError } from '../../base/errors.ts'
import { type JobKind, jobKind } from '../../jobs/kind.ts'
import { type Handler, type Jobs, MAX_SENT } from '../../jobs/port.ts'
import type { Log, LogRecord } from '../../log/port.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import type { Tables } from '../../store/sql/port.ts'
import { decodeCaptureRecord, encodeCaptureRecord } from '../codec.ts'
import { CaptureRecordType, captureStream, type Fetched } from '../records.ts'
import type { Fetch } from '../source/fetch.ts'
import { Reach } from '../source/reach.ts'

/** A frame that the collector gave up: the board goes on without it, the archive still wants it. */
export interface LostFrame {
  readonly capture: string
  readonly canvas: number
  readonly url: string
}

/** Tried for some hours, and then when somebody asks for it. */
export const LOST_FRAMES: JobKind<LostFrame> = jobKind<LostFrame>('lost-frame', {
  key: ({ capture, url }) => `${capture} ${url}`,
  concurrency: 4,
  retries: 12,
  backoffSeconds: 5,
  mostBackoffSeconds: 3600,
  timeoutSeconds: 60,
  maxWaiting: 1_000_000,
})

const DOWNLOAD_MS = 30_000
/** A job carries no longer address. */
const MAX_URL_CHARACTERS = 4096

export interface LostFrameServices {
  readonly log: Pick<Log, 'append'>
  readonly objects: ObjectStore
  readonly tables: Tables
  readonly clock: Clock
  readonly fetch: Fetch
}

/** Makes a job of each frame that these records of a capture say could not be had. Errors: those of the jobs. */
export async function sendLost(
  jobs: Pick<Jobs, 'sendMany'>,
  capture: string,
  records: readonly LogRecord[],
): Promise<void> {
  const lost = records
    .filter(({ type }) => type === CaptureRecordType.fetched)
    .flatMap(({ type, body }) => {
      const record = decodeCaptureRecord(type, body)
      return record.type === CaptureRecordType.fetched ? record.body.frames : []
    })
    .filter(({ status, url }) => status === 'failed' && url.length <= MAX_URL_CHARACTERS)
    .map(({ canvas, url }): LostFrame => ({ capture, canvas, url }))
  for (let from = 0; from < lost.length; from += MAX_SENT) {
    await jobs.sendMany(LOST_FRAMES, lost.slice(from, from + MAX_SENT))
  }
}

/**
 * Fetches a frame after all: its bytes into the store, then a `fetched` record into the capture's stream. It needs no
 * collector, so any process does it. A source that has it no more is an answer; one that gives none fails the try.
 */
export function lostFrameHandler(services: LostFrameServices): Handler<LostFrame> {
  return async ({ data: { capture, canvas, url }, signal }) => {
    const { log, tables, clock, objects, fetch } = services
    // Loaded with the first frame that is lost.
    const [{ attemptFrame }, { FrameStore }, { findUrl }] = await Promise.all([
      import('./attempt.ts'),
      import('./frame-store.ts'),
      import('../../store/sql/urls.ts'),
    ])
    const known = await tables.read('look a frame up', (db) => findUrl(db, capture, url))
    if (known?.status === 'stored') return
    await using frames = new FrameStore(objects)
    const size = (): { width: number; height: number } => ANY_SIZE
    // The collector asked for it, so it was in reach; redirects are to stay near it.
    const reach = Reach.near(url)
    const attempt = await attemptFrame(url, { fetch, reach, frames, size }, DOWNLOAD_MS, signal)
    signal.throwIfAborted()
    if (attempt.status === 'failed' || attempt.status === 'foreign')
      throw new SpateError('unavailable', attempt.detail)
    const bytes = attempt.bytes ?? new Uint8Array(0)
    const fetched: Fetched = {
      canvas,
      url,
      status: attempt.status,
      sha256: bytes.length > 0 ? await frames.put(bytes) : '',
      sizeBytes: bytes.length,
      atMs: clock.now(),
      detail: attempt.status === 'stored' ? '' : attempt.detail,
    }
    const record = { type: CaptureRecordType.fetched, body: { frames: [fetched] } } as const
    await log.append(captureStream(capture), [{ type: record.type, body: encodeCaptureRecord(record) }])
  }
}

/** The board has gone on: nothing will lie over anything. */
const ANY_SIZE = { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY }
