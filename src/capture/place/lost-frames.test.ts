import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { caughtUp } from '../../../test/support/captures.ts'
import { pgliteFolder, pgliteTables } from '../../../test/support/tables.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { systemClock } from '../../base/clock.ts'
import { openJobs } from '../../jobs/open.ts'
import { JOB_LIMITS, type Jobs } from '../../jobs/port.ts'
import { MemoryLog } from '../../log/memory.ts'
import { FOLLOW_LIMIT, START } from '../../log/port.ts'
import { FolderObjects } from '../../store/objects/folder.ts'
import type { Tables } from '../../store/sql/port.ts'
import { decodeCaptureRecord, encodeCaptureRecord } from '../codec.ts'
import { type CaptureRecord, CaptureRecordType, captureStream } from '../records.ts'
import { openSourceFetch } from '../source/fetch.ts'
import { TablesFollower } from '../tables-follower.ts'
import { frameKey } from './frame-store.ts'
import { LOST_FRAMES, lostFrameHandler } from './lost-frames.ts'

const LIMITS = { ...JOB_LIMITS, pollMs: 50, gatherMs: 5 }

/** A stream in which a frame was named and given up, and a source that answers as it is told. */
class Lost {
  readonly log = new MemoryLog(systemClock)
  readonly objects: FolderObjects
  url = ''
  answers: (() => { status: number; body: Uint8Array })[] = []
  asked = 0
  readonly errors: unknown[] = []
  readonly #t: TestContext

  private constructor(t: TestContext) {
    this.#t = t
    this.objects = FolderObjects.open(tempFolder(t))
  }

  static async open(t: TestContext): Promise<Lost> {
    const lost = new Lost(t)
    const server = createServer((_request, response) => {
      const answer = lost.answers[Math.min(lost.asked++, lost.answers.length - 1)]?.()
      response.writeHead(answer?.status ?? 500).end(answer?.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    // A TCP server's address is an AddressInfo.
    lost.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/1000-0-f-abcdefgh.png`
    const told = {
      type: 'data',
      payload: { data: { subscribe: { data: { name: lost.url, timestamp: 1000 } } } },
    }
    const bytes = Buffer.from(JSON.stringify(told))
    const gone = { canvas: 0, sha256: '', sizeBytes: 0, atMs: 1002, detail: 'HTTP 500' }
    await lost.#append([
      { type: CaptureRecordType.began, body: { kind: 'place', source: 'https://e.org/', settings: {} } },
      {
        type: CaptureRecordType.messages,
        body: [{ connection: 1, channel: 0, isBinary: false, arrivedMs: 1001, bytes }],
      },
      {
        type: CaptureRecordType.fetched,
        body: {
          frames: [
            { ...gone, url: lost.url, status: 'failed' },
            { ...gone, url: `${lost.url}?gone`, status: 'missing' },
          ],
        },
      },
    ])
    return lost
  }

  async #append(records: readonly CaptureRecord[]): Promise<void> {
    const stored = records.map((record) => ({ type: record.type, body: encodeCaptureRecord(record) }))
    await this.log.append(captureStream('place'), stored)
  }

  /** Tables and jobs on a database. Ended with the test. */
  async work(tables: Tables): Promise<{ jobs: Jobs; follower: TablesFollower }> {
    const { log, objects } = this
    const onError = (error: unknown): void => void this.errors.push(error)
    const jobs = openJobs(tables, [LOST_FRAMES], { limits: LIMITS, onError })
    const handler = lostFrameHandler({
      log,
      objects,
      tables,
      clock: systemClock,
      fetch: openSourceFetch(),
    })
    jobs.work(LOST_FRAMES, handler)
    const random = (): number => 0.5
    const follower = new TablesFollower('place', { log, tables, jobs, clock: systemClock, random, onError })
    this.#t.after(() => follower[Symbol.asyncDispose]().then(() => jobs[Symbol.asyncDispose]()))
    await caughtUp(follower)
    return { jobs, follower }
  }

  async fetched(): Promise<{ status: string; sha256: string }[]> {
    const records = await this.log.read(captureStream('place'), START, FOLLOW_LIMIT)
    return records
      .map(({ type, body }) => decodeCaptureRecord(type, body))
      .flatMap((record) => (record.type === CaptureRecordType.fetched ? record.body.frames : []))
      .map(({ status, sha256 }) => ({ status, sha256 }))
  }

  /** The stream has so many records. */
  async reached(count: number): Promise<void> {
    const enough = new AbortController()
    for await (const batch of this.log.follow(captureStream('place'), START, enough.signal)) {
      if ((batch.at(-1)?.position ?? 0) >= count) enough.abort()
    }
  }
}

test('[K21] a frame that could not be had is fetched by a job, again when somebody asks, and its bytes are kept', async (t) => {
  const lost = await Lost.open(t)
  const png = await sharp({ create: { width: 2, height: 2, channels: 4, background: '#f00' } })
    .png()
    .toBuffer()
  lost.answers = [() => ({ status: 500, body: Buffer.alloc(0) }), () => ({ status: 200, body: png })]
  const { jobs, follower } = await lost.work(pgliteTables(t, await pgliteFolder(t)))
  const query = { kind: undefined, state: undefined, limit: 10 }
  const [waiting] = await jobs.list(query)
  assert.deepEqual(waiting?.data, { capture: 'place', canvas: 0, url: lost.url })
  jobs.start()
  let [job] = await jobs.list(query)
  while (job?.state !== 'retrying') [job] = await jobs.list(query)
  assert.equal(job.reason, 'HTTP 500')
  assert.equal(await jobs.retry([job.id]), 1)
  await lost.reached(4)

  const [, , kept] = await lost.fetched()
  assert.equal(kept?.status, 'stored')
  assert.deepEqual(Buffer.from(await lost.objects.get(frameKey(kept?.sha256 ?? ''))), png)
  assert.equal((await follower.urls()).stored, 1)
  assert.deepEqual(lost.errors, [])
})

test('[K21] jobs that went with a database are made again with its tables, of what could not be had alone', async (t) => {
  const lost = await Lost.open(t)
  for (const _life of ['the first database', 'the next']) {
    const { jobs } = await lost.work(pgliteTables(t, await pgliteFolder(t)))
    const waiting = await jobs.list({ kind: undefined, state: 'waiting', limit: 10 })
    assert.deepEqual(
      waiting.map(({ data }) => data),
      [{ capture: 'place', canvas: 0, url: lost.url }],
    )
  }
})
