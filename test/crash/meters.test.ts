import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Random } from '../../src/base/random.ts'
import { Api, ProblemError } from '../../src/client/api.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { LmdbMeterStore } from '../../src/meters/lmdb.ts'
import { Meters } from '../../src/meters/meters.ts'
import { Kv } from '../../src/store/kv.ts'
import { ServerProcess } from '../support/server.ts'
import { tempFolder } from '../support/tmp.ts'

const IS_LONG = process.env.SPATE_TEST_LONG === '1'
const WRITERS = 6
const TABLES = 16
const VISITS = IS_LONG ? [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] : [3]
/** More than any visit needs; the crash ends them. */
const ENOUGH = 100_000
const NOW = Math.floor(Date.now() / 1000)

interface Batch {
  readonly key: string
  readonly writes: readonly object[]
}

/**
 * Writes batches one after another, each with a key of its own. What was not answered when the server died is sent again
 * to the next, so at the end everything was to count once.
 */
class Writer {
  readonly #number: number
  readonly #random: Random
  #sent = 0
  #unanswered: Batch | undefined
  /** Of its entity, by answered adds; and the latest total of its other one. */
  added = 0
  total = 0

  constructor(number: number) {
    this.#number = number
    this.#random = new Random(number)
  }

  get entities(): readonly [string, string] {
    return [`adds/${this.#number}`, `totals/${this.#number}`]
  }

  #next(): Batch {
    this.#sent += 1
    const [adds, totals] = this.entities
    const amount = this.#random.between(1, 100)
    this.added += amount
    this.total += this.#random.between(0, 9)
    const second = NOW - this.#random.between(0, 100_000)
    const window = { from: NOW - 200_000, to: NOW }
    const dimensions = [this.#random.pick(['run', 'walk'])]
    return {
      key: `${this.#number}/${this.#sent}`,
      writes: [
        { meter: 'points', entity: adds, second, amount },
        { meter: 'steps', entity: totals, kind: 'total', dimensions, ...window, amount: this.total },
      ],
    }
  }

  /** Until `batches` are answered or the server is gone. */
  async write(api: Api, batches: number): Promise<void> {
    for (let i = 0; i < batches; i++) {
      const batch = this.#unanswered ?? this.#next()
      this.#unanswered = batch
      try {
        await api.request(
          'POST',
          '/api/meters/writes',
          { writes: batch.writes },
          {
            'idempotency-key': batch.key,
          },
        )
      } catch (error) {
        if (error instanceof ProblemError) throw error
        return
      }
      this.#unanswered = undefined
    }
  }
}

/** Of the sums that a server left, and of those folded anew from a copy of its log. */
async function digestsOf(t: TestContext, dataFolder: string): Promise<[left: string, anew: string]> {
  const copy = tempFolder(t)
  cpSync(join(dataFolder, 'log'), join(copy, 'log'), { recursive: true })
  await using kv = Kv.open(join(dataFolder, 'state', 'meters'), TABLES)
  await using log = LmdbLog.open(join(copy, 'log'), systemClock)
  await using anewKv = Kv.open(join(copy, 'meters'), TABLES)
  const anew = new LmdbMeterStore(anewKv)
  await using _meters = await Meters.open(log, anew)
  return [await new LmdbMeterStore(kv).digest(), await anew.digest()]
}

async function assertSums(api: Api, writers: readonly Writer[]): Promise<void> {
  const range = { from: `${NOW - 300_000}`, to: `${NOW}` }
  for (const meter of ['points', 'steps']) {
    const at = meter === 'points' ? 0 : 1
    const entities = writers.map((writer) => writer.entities[at])
    const { meters } = await api.json<{ meters: { sums: number[] }[] }>('POST', '/api/meters/sums', {
      meters: [meter],
      entities,
      ...range,
    })
    assert.deepEqual(
      meters[0]?.sums,
      writers.map(({ added, total }) => (at === 0 ? added : total)),
    )
  }
}

test('[M12] a server that dies around the commits of its meters counts everything answered, and once', async (t) => {
  const server = await ServerProcess.start(t)
  const api = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  await api.request('PUT', '/api/meters/points', {})
  await api.request('PUT', '/api/meters/steps', { dimensions: ['activity'], totalsOver: 0 })
  const writers = Array.from({ length: WRITERS }, (_, number) => new Writer(number + 1))
  for (const point of ['meters.before-commit', 'meters.after-commit'] as const) {
    for (const visit of VISITS) {
      await server.end('SIGTERM')
      await server.start({ SPATE_CRASH_AT: `${point}:${visit}` })
      await Promise.all(writers.map((writer) => writer.write(api, ENOUGH)))
      assert.deepEqual(await server.ended(), { code: null, signal: 'SIGKILL' }, `${point}:${visit}`)

      await server.start()
      await Promise.all(writers.map((writer) => writer.write(api, 3)))
      await assertSums(api, writers)
      await server.end('SIGTERM')
      const [left, anew] = await digestsOf(t, server.dataFolder)
      assert.equal(left, anew)
    }
  }
  const [before] = await digestsOf(t, server.dataFolder)
  await rm(join(server.dataFolder, 'state', 'meters'), { recursive: true })
  await server.start()
  await assertSums(api, writers)
  await server.end('SIGTERM')
  assert.equal((await digestsOf(t, server.dataFolder))[0], before)
})
