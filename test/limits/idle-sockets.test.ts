import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { Api } from '../../src/client/api.ts'
import { rawConnection, upgradeRequest } from '../hostile/raw-connection.ts'
import { gauge } from '../support/metrics.ts'
import { ServerProcess } from '../support/server.ts'
import { Viewer } from '../support/viewer.ts'

const IDLE = 10_000
/** As many handshakes are under way at once. */
const AT_ONCE = 200
const MOST_MB = 320
/** A page is answered and an edit is seen within this, though all of them are told of it. */
const PATIENCE_MS = 10_000

/** Whether a process here may have so many files open; the runtime raises its own limit to the hard one. */
function openFiles(count: number): string | false {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' || Number(limit) > count
    ? false
    : `a process may open no more than ${limit} files`
}

test(`[O9] ${IDLE} idle viewers cost a bounded memory, and the server answers and shows edits as ever`, {
  skip: openFiles(IDLE + 500),
}, async (t) => {
  const server = await ServerProcess.start(t, { SPATE_MAX_CONNECTIONS_PER_ADDRESS: String(2 * IDLE) })
  const upgrade = upgradeRequest('/api/boards/lobby/live')
  const startMs = performance.now()
  let left = IDLE
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = await rawConnection(server.url)
      t.after(() => socket.destroy())
      socket.write(upgrade)
      await new Promise((resolve) => socket.once('data', resolve))
      socket.resume()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const openedMs = performance.now() - startMs
  assert.equal(await gauge(server.url, 'spate_viewers', 'lobby'), IDLE)
  const rssMb = (await gauge(server.url, 'process_resident_memory_bytes')) / 2 ** 20

  const viewer = await Viewer.watch(t, server.url, 'lobby')
  const askedMs = performance.now()
  const { position } = await viewer.connection.place(500, 500, 5)
  await viewer.reached(position)
  const seenMs = performance.now() - askedMs
  assert.equal((await new Api({ baseUrl: server.url }).cell('lobby', 500, 500)).color, 5)
  t.diagnostic(
    `opened in ${openedMs.toFixed(0)} ms; ${rssMb.toFixed(0)} MB of memory; an edit was seen after ${seenMs.toFixed(0)} ms`,
  )
  assert.ok(rssMb < MOST_MB, `${rssMb} MB`)
  assert.ok(seenMs < PATIENCE_MS, `seen after ${seenMs} ms`)
})
