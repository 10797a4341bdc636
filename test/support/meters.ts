import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Log } from '../../src/log/port.ts'
import type { Declaration } from '../../src/meters/declaration.ts'
import { LmdbMeterStore } from '../../src/meters/lmdb.ts'
import { Meters } from '../../src/meters/meters.ts'
import { KEEP_ALL } from '../../src/meters/retention.ts'
import { Kv } from '../../src/store/kv.ts'
import { ManualClock } from './clock.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

const ANY_SECOND = 2 ** 32 - 1

/** Keeps everything and takes every time. */
export function declaration(name: string, changes: Partial<Declaration> = {}): Declaration {
  return {
    name,
    dimensions: [],
    retention: KEEP_ALL,
    lateSeconds: ANY_SECOND,
    futureSeconds: ANY_SECOND,
    ...changes,
  }
}

export interface OpenMeters {
  readonly meters: Meters
  readonly store: LmdbMeterStore
  readonly log: Log
}

/** Meters in a folder of the test's own, over a log in memory unless one is given. */
export async function openMeters(t: Lifetime, log: Log = memoryLog()): Promise<OpenMeters> {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  const store = new LmdbMeterStore(kv)
  const meters = await Meters.open(log, store)
  t.after(async () => {
    await meters[Symbol.asyncDispose]()
    await kv[Symbol.asyncDispose]()
  })
  return { meters, store, log }
}

export function memoryLog(clock: { now(): number } = systemClock): MemoryLog {
  return new MemoryLog({ ...systemClock, now: () => clock.now() })
}

/** A clock that stands at a second. */
export function clockAt(second: number): ManualClock {
  const clock = new ManualClock()
  clock.wallMs = second * 1000
  return clock
}
