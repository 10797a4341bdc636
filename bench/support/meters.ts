import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { LmdbMeterStore } from '../../src/meters/lmdb.ts'
import { Meters } from '../../src/meters/meters.ts'
import type { MeterStore } from '../../src/meters/port.ts'
import { openRedisMeters } from '../../src/meters/redis.ts'
import type { Write } from '../../src/meters/writes.ts'
import { Kv } from '../../src/store/kv.ts'
import { declaration } from '../../test/support/meters.ts'

export const METER = 'points'
export const BATCH = 10_000
/** Batches that are under way at once. */
export const AT_ONCE = 32

export interface Opened extends AsyncDisposable {
  readonly meters: Meters
  readonly store: MeterStore
}

/** A log and a store of sums in a folder, with one meter; the sums are in Redis where its URL is given. */
export async function opened(folder: string, redisUrl?: string): Promise<Opened> {
  mkdirSync(folder, { recursive: true })
  await using stack = new AsyncDisposableStack()
  const log = stack.use(LmdbLog.open(join(folder, 'log'), systemClock))
  const store =
    redisUrl === undefined
      ? new LmdbMeterStore(stack.use(Kv.open(join(folder, 'state'), 8)))
      : await stack.use(openRedisMeters(redisUrl, { prefix: folder })).open()
  const meters = stack.use(await Meters.open(log, store))
  await meters.declare(declaration(METER))
  const owned = stack.move()
  return { meters, store, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

export type Draw = (i: number) => { readonly entity: string; readonly second: number }

export function batchesOf(total: number, draw: Draw): Write[][] {
  return Array.from({ length: Math.ceil(total / BATCH) }, (_, batch) =>
    Array.from({ length: Math.min(BATCH, total - batch * BATCH) }, (_, i): Write => {
      const { entity, second } = draw(batch * BATCH + i)
      return { kind: 'add', meter: METER, entity, second, amount: 1 + (i % 100) }
    }),
  )
}

/** Increments a second, from the first call until the last is answered: durable, judged, to be seen. */
export async function write(meters: Meters, total: number, draw: Draw): Promise<number> {
  let elapsedMs = 0
  for (let from = 0; from < total; from += AT_ONCE * BATCH) {
    const batches = batchesOf(Math.min(AT_ONCE * BATCH, total - from), (i) => draw(from + i))
    const startMs = performance.now()
    await Promise.all(batches.map((batch) => meters.write(batch)))
    elapsedMs += performance.now() - startMs
  }
  return (total / elapsedMs) * 1000
}
