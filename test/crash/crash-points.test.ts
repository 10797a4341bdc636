import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CrashPoint } from '../../src/base/crash.ts'
import { Api } from '../../src/client/api.ts'
import { ServerProcess } from '../support/server.ts'
import { tempFolder } from '../support/tmp.ts'
import { assertShows, remainsOf } from './inspection.ts'
import { LEDGER_BOARD, Ledger } from './ledger.ts'
import { painters, paintMany } from './painters.ts'

const PAINTERS = 4
/** More than any of the visits below needs; the crash ends it. */
const ENOUGH = 150_000
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

/** Those of sealing and capturing have tests of their own. */
type ServersPoint = Exclude<CrashPoint, `${'seal' | 'capture' | 'meters' | 'stats'}.${string}`>

/** The visits of each point at which the server dies, one after the other on the same folder. */
const VISITS: Readonly<Record<ServersPoint, readonly [usual: number, ...more: number[]]>> = {
  'players.before-commit': [1, 2],
  'log.before-commit': [40, 1, 2],
  'log.after-commit': [40, 1, 2],
  'host.before-fold': [40, 1],
  'host.after-fold': [40, 1],
  'snapshot.before-commit': [1, 2],
  'snapshot.after-commit': [1, 2],
}
const IS_LONG = process.env.SPATE_TEST_LONG === '1'

test('[O2] a server that dies at any named point starts again with every acknowledged edit, once', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const headers = { authorization: `Bearer ${await server.adminToken()}` }
  await new Api({ baseUrl: server.url, headers }).request('POST', '/api/boards', LEDGER_BOARD)
  const ledger = new Ledger()
  for (const [point, visits] of Object.entries(VISITS)) {
    for (const visit of IS_LONG ? visits : visits.slice(0, 1)) {
      await server.end('SIGTERM')
      await server.start({ SPATE_CRASH_AT: `${point}:${visit}` })
      const crew = await painters(server.url, ledger, PAINTERS)
      await paintMany(crew, ENOUGH, 1000)
      assert.deepEqual(
        await server.ended(),
        { code: null, signal: 'SIGKILL' },
        `${point}:${visit} was reached`,
      )
      await Promise.all(crew.map(({ closed }) => closed))

      const remains = await remainsOf(t, server.dataFolder, LEDGER_BOARD.id)
      ledger.check(remains.records)
      await server.start()
      await assertShows(server, LEDGER_BOARD.id, remains)
    }
  }
})

for (const point of ['log.before-commit', 'log.after-commit', 'host.before-fold'] as const) {
  test(`[O2] a server that dies at ${point} of its first start starts again`, async (t) => {
    const env = { SPATE_DATA: tempFolder(t) }
    await assert.rejects(ServerProcess.start(t, { ...env, SPATE_CRASH_AT: point }), /ended \(SIGKILL\)/)
    const server = await ServerProcess.start(t, env)
    const { boards } = await new Api({ baseUrl: server.url }).boards()
    assert.deepEqual(
      boards.map(({ id, position }) => ({ id, position })),
      [{ id: 'lobby', position: 1 }],
    )
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  })
}
