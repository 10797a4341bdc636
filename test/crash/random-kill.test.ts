import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { Api } from '../../src/client/api.ts'
import { ServerProcess } from '../support/server.ts'
import { Viewer } from '../support/viewer.ts'
import { assertHistory, assertShows, remainsOf } from './inspection.ts'
import { editOf, LEDGER_BOARD, Ledger } from './ledger.ts'
import { painters, paintMany, paintSteadily } from './painters.ts'

const ROUNDS = process.env.SPATE_TEST_LONG === '1' ? 50 : 5
const SEED = Number(process.env.SPATE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const PAINTERS = 10
const EDITS_A_SECOND = 5000
/** Just short of a snapshot (50,000), so that the kill falls before, into or after one. */
const RUSH = 48_000
const KILL_AFTER_MS = fc.integer({ min: 20, max: 1200 })
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

test(`[O1] killed ${ROUNDS} times at random under load, a server keeps every acknowledged edit once`, async (t) => {
  t.diagnostic(`seed ${SEED} (SPATE_TEST_SEED)`)
  const server = await ServerProcess.start(t, UNLIMITED)
  const headers = { authorization: `Bearer ${await server.adminToken()}` }
  await new Api({ baseUrl: server.url, headers }).request('POST', '/api/boards', LEDGER_BOARD)
  const ledger = new Ledger()
  const viewer = await Viewer.watch(t, server.url, LEDGER_BOARD.id)
  let held = 0
  for (const killAfterMs of fc.sample(KILL_AFTER_MS, { seed: SEED, numRuns: ROUNDS })) {
    const crew = await painters(server.url, ledger, PAINTERS)
    await paintMany(crew, RUSH, 1000)
    const stop = paintSteadily(crew, EDITS_A_SECOND)
    await setTimeout(killAfterMs)
    await server.end('SIGKILL')
    stop()
    await Promise.all(crew.map(({ closed }) => closed))
    assert.deepEqual(
      crew.flatMap(({ refusals }) => refusals),
      [],
    )

    const remains = await remainsOf(t, server.dataFolder, LEDGER_BOARD.id)
    held = ledger.check(remains.records)
    await server.start()
    await assertShows(server, LEDGER_BOARD.id, remains)
    await assertHistory(server, LEDGER_BOARD.id, editOf(ledger.sent % 97), remains.records)
    await viewer.reached(remains.digest.position)
    assert.equal(viewer.colors, remains.digest.colors, 'a viewer that came back by itself shows the same')
  }
  t.diagnostic(`${ledger.sent} sent, ${ledger.acknowledged} acknowledged, ${held} in the log`)
  assert.ok(ledger.acknowledged > ROUNDS * RUSH)
})
