import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it, type TestContext } from 'node:test'
import { SpateError } from '../base/errors.ts'
import type { Tables } from '../store/sql/port.ts'
import { type AnyKind, type JobKind, jobKind } from './kind.ts'
import { openJobs } from './open.ts'
import { type Handler, JOB_LIMITS, type Jobs, type JobView, MAX_DATA_BYTES } from './port.ts'

export const TEST_LIMITS = { ...JOB_LIMITS, pollMs: 100, gatherMs: 5, superviseSeconds: 1, drainMs: 300 }

export interface Errand {
  readonly n: number
}

/** A kind of the test's own, as all share one database. */
export function testKind(options: Partial<Omit<JobKind<Errand>, 'name'>> = {}): JobKind<Errand> {
  return jobKind(`test-${randomUUID().slice(0, 18)}`, options)
}

export function open(t: TestContext, tables: Tables, kinds: readonly AnyKind[]): Jobs {
  const onError = (error: unknown): void => assert.fail(String(error))
  const jobs = openJobs(tables, kinds, { limits: TEST_LIMITS, onError })
  t.after(() => jobs[Symbol.asyncDispose]())
  return jobs
}

/** Does jobs of the kind; what was handed out can be awaited. */
export function working(
  jobs: Jobs,
  kind: JobKind<Errand>,
  handler: Handler<Errand> = async () => {},
): { readonly seen: [n: number, attempt: number][]; until: (count: number) => Promise<void> } {
  const seen: [number, number][] = []
  let arrived = Promise.withResolvers<void>()
  jobs.work(kind, async (job) => {
    seen.push([job.data.n, job.attempt])
    arrived.resolve()
    await handler(job)
  })
  jobs.start()
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) {
      arrived = Promise.withResolvers()
      await arrived.promise
    }
  }
  return { seen, until }
}

/** Asks until the jobs of a kind are as expected; the test's time limit ends it. */
export async function eventually(
  jobs: Jobs,
  kind: AnyKind,
  isSo: (views: JobView[]) => boolean,
): Promise<JobView[]> {
  for (;;) {
    const views = await jobs.list({ kind: kind.name, state: undefined, limit: 200 })
    if (isSo(views)) return views
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const states = (views: readonly JobView[]): string => views.map(({ state }) => state).join()

/** The rules of both databases, J1 to J11 and J16 of SPEC.md. */
export function describeJobs(
  name: string,
  { skip }: { skip: string | false },
  openTables: (lifetime: { after: (hook: () => unknown) => void }) => Promise<Tables>,
): void {
  describe(`jobs: ${name}`, { skip, timeout: 120_000 }, () => {
    const hooks: (() => unknown)[] = []
    let tables: Tables

    before(async () => {
      tables = await openTables({ after: (hook) => hooks.push(hook) })
    })
    after(async () => {
      for (const hook of hooks) await hook()
    })

    it('[J1] a job is handed out once with what it carries, and is done', async (t) => {
      const kind = testKind()
      const jobs = open(t, tables, [kind])
      const id = await jobs.send(kind, { n: 7 })
      const { seen } = working(jobs, kind)
      const [view] = await eventually(jobs, kind, (views) => states(views) === 'done')
      assert.deepEqual(seen, [[7, 1]])
      assert.equal(view?.id, id)
      assert.deepEqual([view?.data, view?.attempts, view?.reason], [{ n: 7 }, 1, undefined])
    })

    it('[J1] many jobs of several processes are each done once', async (t) => {
      const kind = testKind({ concurrency: 8 })
      const both = [open(t, tables, [kind]), open(t, tables, [kind])]
      const workers = both.map((jobs) => working(jobs, kind))
      const sent = Array.from({ length: 300 }, (_, n) => ({ n }))
      assert.equal(await both[0]?.sendMany(kind, sent), 300)
      await eventually(
        both[1]!,
        kind,
        (views) => views.length > 0 && views.every(({ state }) => state === 'done'),
      )
      const seen = workers.flatMap((worker) => worker.seen.map(([n]) => n))
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        sent.map(({ n }) => n),
      )
    })

    it('[J2] a job that fails is tried again later, and its reason is to be seen meanwhile', async (t) => {
      const kind = testKind()
      const jobs = open(t, tables, [kind])
      await jobs.send(kind, { n: 1 })
      const { seen, until } = working(jobs, kind, async ({ attempt }) => {
        if (attempt < 2) throw new Error('the source is away')
      })
      const beforeMs = Date.now()
      const [view] = await eventually(jobs, kind, (views) => states(views) === 'retrying')
      assert.deepEqual([view?.attempts, view?.reason], [1, 'the source is away'])
      const waitMs = (view?.startMs ?? 0) - beforeMs
      assert.ok(waitMs > 500 && waitMs < 3500, `${waitMs} ms until the retry`)
      await until(2)
      await eventually(jobs, kind, (views) => states(views) === 'done')
      assert.deepEqual(seen, [
        [1, 1],
        [1, 2],
      ])
    })

    it('[J3] a job that fails with all its retries is a dead letter with its reason, and may begin anew', async (t) => {
      const kind = testKind({ retries: 1 })
      const jobs = open(t, tables, [kind])
      let isPoison = true
      const { seen } = working(jobs, kind, async () => {
        if (isPoison) throw new Error('poison')
      })
      await jobs.send(kind, { n: 1 })
      const [dead] = await eventually(jobs, kind, (views) => states(views) === 'dead')
      assert.deepEqual(
        [dead?.kind, dead?.data, dead?.attempts, dead?.reason],
        [kind.name, { n: 1 }, 2, 'poison'],
      )
      assert.equal((await jobs.counts()).get(kind.name)?.dead, 1)
      isPoison = false
      assert.equal(await jobs.retry([dead?.id ?? '']), 1)
      await eventually(jobs, kind, (views) => states(views) === 'done')
      assert.deepEqual(
        seen.map(([, attempt]) => attempt),
        [1, 2, 1],
      )
    })

    it('[J3] what no retry can mend is a dead letter at once, and can be dropped', async (t) => {
      const kind = testKind()
      const jobs = open(t, tables, [kind])
      working(jobs, kind, async () => {
        throw new SpateError('not-found', 'the source has no such frame')
      })
      await jobs.send(kind, { n: 1 })
      const [dead] = await eventually(jobs, kind, (views) => states(views) === 'dead')
      assert.deepEqual([dead?.attempts, dead?.reason], [1, 'the source has no such frame'])
      assert.equal(await jobs.drop([dead?.id ?? '', randomUUID(), 'no id']), 1)
      assert.deepEqual(await jobs.list({ kind: kind.name, state: undefined, limit: 9 }), [])
    })

    it('[J16] jobs are listed and counted by what they carry', async (t) => {
      const kind = jobKind<Errand & { readonly place?: string }>(testKind().name, { concurrency: 1 })
      const jobs = open(t, tables, [kind])
      const carried = [{ n: 1, place: 'a' }, { n: 2, place: 'b' }, { n: 3, place: 'a' }, { n: 4 }]
      await jobs.sendMany(kind, carried)
      await jobs.send(kind, { n: 5, place: 'b' }, { delaySeconds: 3600 })
      const began = Promise.withResolvers<void>()
      const end = Promise.withResolvers<void>()
      jobs.work(kind, async ({ data }) => {
        if (data.n === 1) throw new SpateError('not-found', 'poison')
        began.resolve()
        await end.promise
      })
      jobs.start()
      await began.promise
      await eventually(jobs, kind, (views) => views.some(({ state }) => state === 'dead'))
      const none = { waiting: 0, retrying: 0, running: 0, dead: 0 }
      assert.deepEqual(
        await jobs.countsBy('place'),
        new Map([
          ['a', { ...none, waiting: 1, dead: 1 }],
          ['b', { ...none, waiting: 1, running: 1 }],
        ]),
      )
      const listed = async (place: string, state?: 'dead'): Promise<number[]> => {
        const query = { kind: kind.name, state, holding: { place }, limit: 9 }
        // As they were sent.
        return (await jobs.list(query)).map(({ data }) => (data as Errand).n).sort()
      }
      assert.deepEqual(await Promise.all([listed('a'), listed('a', 'dead'), listed('b'), listed('c')]), [
        [1, 3],
        [1],
        [2, 5],
        [],
      ])
      end.resolve()
    })

    it('[J4] of jobs with the same key one waits or runs, until it has ended', async (t) => {
      const kind = testKind({ key: ({ n }) => `key-${n % 10}` })
      const jobs = open(t, tables, [kind])
      assert.ok(await jobs.send(kind, { n: 1 }))
      assert.equal(await jobs.send(kind, { n: 11 }), undefined)
      assert.equal(await jobs.sendMany(kind, [{ n: 21 }, { n: 2 }, { n: 12 }]), 1)
      const end = Promise.withResolvers<void>()
      const { until, seen } = working(jobs, kind, () => end.promise)
      await until(2)
      assert.equal(await jobs.send(kind, { n: 31 }), undefined)
      end.resolve()
      await eventually(jobs, kind, (views) => states(views) === 'done,done')
      assert.ok(await jobs.send(kind, { n: 31 }))
      await until(3)
      assert.deepEqual(seen.map(([n]) => n).sort(), [1, 2, 31])
    })

    it('[J5] jobs of higher priority start first, then those that were sent first', async (t) => {
      const kind = testKind({ concurrency: 1 })
      const jobs = open(t, tables, [kind])
      for (const [n, priority] of [
        [1, 0],
        [2, 5],
        [3, 0],
        [4, 9],
        [5, 5],
      ] as const) {
        await jobs.send(kind, { n }, { priority })
      }
      const { seen, until } = working(jobs, kind)
      await until(5)
      assert.deepEqual(
        seen.map(([n]) => n),
        [4, 2, 5, 1, 3],
      )
    })

    it('[J6] as many jobs of a kind run at once as it says, and no more', async (t) => {
      const kind = testKind({ concurrency: 3 })
      const jobs = open(t, tables, [kind])
      await jobs.sendMany(
        kind,
        Array.from({ length: 9 }, (_, n) => ({ n })),
      )
      const counts: number[] = []
      let running = 0
      const full = Promise.withResolvers<void>()
      working(jobs, kind, async () => {
        counts.push(++running)
        if (running === 3) full.resolve()
        await full.promise
        await new Promise((resolve) => setTimeout(resolve, 30))
        running--
      })
      await eventually(jobs, kind, (views) => views.every(({ state }) => state === 'done'))
      assert.deepEqual([counts.length, Math.max(...counts)], [9, 3])
    })

    it('[J7] what is too large or too much is refused, and nothing of it is kept', async (t) => {
      const kind = testKind({ maxWaiting: 3 })
      const jobs = open(t, tables, [kind])
      const large = { n: 1, text: 'x'.repeat(MAX_DATA_BYTES) }
      await assert.rejects(jobs.sendMany(kind, [{ n: 1 }, large]), { code: 'too-large' })
      await jobs.sendMany(kind, [{ n: 1 }, { n: 2 }])
      await assert.rejects(jobs.sendMany(kind, [{ n: 3 }, { n: 4 }]), { code: 'overloaded', retryable: true })
      assert.equal((await jobs.counts()).get(kind.name)?.waiting, 2)
      await assert.rejects(jobs.drop(Array.from({ length: 201 }, () => randomUUID())), { code: 'too-large' })
    })

    it('[J8] a handler that takes too long is aborted, and its try has failed, even if it is deaf', async (t) => {
      const kind = testKind({ timeoutSeconds: 1, retries: 0 })
      const jobs = open(t, tables, [kind])
      const reasons: unknown[] = []
      working(jobs, kind, ({ data, signal }) =>
        data.n === 0
          ? new Promise(() => {})
          : new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason)
                reject(new Error('aborted'))
              })
            }),
      )
      await jobs.sendMany(kind, [{ n: 0 }, { n: 1 }])
      const views = await eventually(jobs, kind, (all) => states(all) === 'dead,dead')
      assert.deepEqual(
        views.map(({ reason }) => reason),
        ['took more than 1 s', 'took more than 1 s'],
      )
      assert.equal(reasons.length, 1)
    })

    it('[J9] draining waits for what runs, and gives back what does not end: it has not failed', async (t) => {
      const kind = testKind({ concurrency: 3 })
      const jobs = open(t, tables, [kind])
      const soon = Promise.withResolvers<void>()
      const { until } = working(jobs, kind, ({ data, signal }) => {
        if (data.n === 0) return soon.promise
        if (data.n === 1) return new Promise(() => {})
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      })
      await jobs.sendMany(kind, [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }])
      await until(3)
      const drained = jobs.drain()
      soon.resolve()
      await drained
      const views = await jobs.list({ kind: kind.name, state: undefined, limit: 9 })
      assert.deepEqual(
        views.map(({ data, state, attempts }) => [(data as Errand).n, state, attempts]).sort(),
        [
          [0, 'done', 1],
          [1, 'waiting', 0],
          [2, 'waiting', 0],
          [3, 'waiting', 0],
        ],
      )
      const others = open(t, tables, [kind])
      const { seen, until: untilOthers } = working(others, kind)
      await untilOthers(3)
      assert.deepEqual(seen.sort(), [
        [1, 1],
        [2, 1],
        [3, 1],
      ])
    })

    it('[J10] a job with a delay waits for its time, or for somebody who starts it', async (t) => {
      const kind = testKind()
      const jobs = open(t, tables, [kind])
      const { seen, until } = working(jobs, kind)
      const late = await jobs.send(kind, { n: 1 }, { delaySeconds: 3600 })
      await jobs.send(kind, { n: 2 }, { delaySeconds: 1 })
      await jobs.send(kind, { n: 3 })
      await until(2)
      assert.deepEqual(seen, [
        [3, 1],
        [2, 1],
      ])
      assert.equal(await jobs.retry([late ?? '']), 1)
      await until(3)
    })

    it('[J11] a schedule that names no moments is refused; another may be set, changed and ended', async (t) => {
      const kind = testKind()
      const jobs = open(t, tables, [kind])
      const daily = { name: 'daily', cron: '0 4 * * *', timeZone: 'Europe/Berlin', data: { n: 1 } }
      for (const wrong of [
        { cron: 'soon' },
        { cron: '61 * * * *' },
        { timeZone: 'Mars/Olympus' },
        { name: '' },
      ]) {
        await assert.rejects(jobs.schedule(kind, { ...daily, ...wrong }), { code: 'invalid' })
      }
      await jobs.schedule(kind, daily)
      await jobs.schedule(kind, { ...daily, cron: '30 4 * * *' })
      await jobs.unschedule(kind.name, 'daily')
    })
  })
}
