/**
 * Runs of a simulated world, a seed each. A failure names its seed; `SPATE_SIM_SEED=N` runs that one alone, and a
 * seed that found a defect joins failing-seeds.json, whose seeds run first. `SPATE_SIM_SEEDS=N` runs N seeds
 * (default 100, with SPATE_TEST_LONG=1 3,000).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { MAX_BUFFERED_BYTES } from '../../src/live/viewer.ts'
import { type Account, World } from './world.ts'

const FAILED_ONCE = JSON.parse(
  readFileSync(join(import.meta.dirname, 'failing-seeds.json'), 'utf8'),
  // Written by hand: a list of seeds with what they found.
) as readonly { readonly seed: number; readonly found: string }[]

const { SPATE_SIM_SEED, SPATE_SIM_SEEDS, SPATE_TEST_LONG } = process.env
const seeds =
  SPATE_SIM_SEED === undefined
    ? Array.from({ length: Number(SPATE_SIM_SEEDS ?? (SPATE_TEST_LONG === '1' ? 3000 : 100)) }, (_, i) => i)
    : [Number(SPATE_SIM_SEED)]

async function run(seed: number): Promise<Account> {
  const world = new World(seed)
  // Work is cut into slices by the time that it takes: here it takes none.
  const stopped = mock.method(performance, 'now', () => world.clock.elapsedMs())
  try {
    return await world.run()
  } catch (cause) {
    throw new Error(`seed ${seed} (SPATE_SIM_SEED=${seed}): ${String(cause)}`, { cause })
  } finally {
    stopped.mock.restore()
  }
}

for (const { seed, found } of FAILED_ONCE) {
  test(`[V27] seed ${seed}, which once failed: ${found}`, async () => {
    await run(seed)
  })
}

test(`[V27] whatever happens, every fold and every viewer ends with the same (${seeds.length} seeds)`, async (t) => {
  const accounts: Account[] = []
  for (const seed of seeds) accounts.push(await run(seed))
  const total = (of: (account: Account) => number): number =>
    accounts.reduce((sum, account) => sum + of(account), 0)
  const happened = {
    records: total(({ position }) => position),
    fromMemory: total(({ fromMemory }) => fromMemory),
    fromLog: total(({ fromLog }) => fromLog),
    resyncs: total(({ resyncs }) => resyncs),
    skips: total(({ skips }) => skips),
    reloads: total(({ reloads }) => reloads),
    reconnects: total(({ reconnects }) => reconnects),
    hidden: total(({ hidden }) => hidden),
  }
  t.diagnostic(JSON.stringify(happened))
  const mostHeldBytes = Math.max(...accounts.map((account) => account.mostHeldBytes))
  assert.ok(mostHeldBytes <= MAX_BUFFERED_BYTES)
  if (seeds.length < 100) return
  for (const [what, times] of Object.entries(happened)) assert.ok(times > 0, `no ${what} in all runs`)
  assert.ok(mostHeldBytes > MAX_BUFFERED_BYTES / 2, 'no viewer was ever nearly full')
})

test('[V27] a run of the same seed is the same run', async () => {
  assert.deepEqual(await run(7), await run(7))
})
