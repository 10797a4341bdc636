import assert from 'node:assert/strict'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Snapshots } from '../../src/boards/snapshots.ts'
import { Api, ProblemError } from '../../src/client/api.ts'
import { Kv } from '../../src/store/kv.ts'
import { fillDisk } from '../support/ballast.ts'
import { requires } from '../support/requires.ts'
import { ServerProcess } from '../support/server.ts'
import { tempFolder } from '../support/tmp.ts'
import { tmpfs } from '../support/tmpfs.ts'
import { Viewer } from '../support/viewer.ts'
import { assertHistory, assertShows, remainsOf } from './inspection.ts'
import { editOf, LEDGER_BOARD, Ledger } from './ledger.ts'
import { Painter, paintMany } from './painters.ts'

const BOARD = LEDGER_BOARD.id
const EDITS_A_SNAPSHOT = 50_000
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

function fullProblem(path: string): object {
  return {
    type: 'urn:spate:problem:storage-full',
    title: 'Service Unavailable',
    status: 503,
    detail: `the disk of ${path} is full`,
    code: 'storage-full',
    retryAfterMs: 2000,
  }
}

async function problemFrom(asked: Promise<unknown>): Promise<object> {
  const error = await asked.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ProblemError, String(error))
  return error.problem
}

test('[O4] on a full disk writes are refused and say why, reads and viewers go on; with room again so do writes, without a restart', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, 48 << 20)
  const server = await ServerProcess.start(t, { ...UNLIMITED, SPATE_DATA: disk })
  const admin = { authorization: `Bearer ${await server.adminToken()}` }
  const api = new Api({ baseUrl: server.url, headers: admin })
  await api.request('POST', '/api/boards', LEDGER_BOARD)
  const ledger = new Ledger()
  const painter = await Painter.connect(server.url, ledger)
  const viewer = await Viewer.watch(t, server.url, BOARD)
  assert.ok(await painter.paint(1000))
  const before = await api.digest(BOARD)
  const problem = fullProblem(join(disk, 'log'))

  const makeRoom = fillDisk(disk)
  assert.equal(await painter.paint(100), false)
  assert.deepEqual(
    painter.refusals.splice(0).map((text) => JSON.parse(text)),
    [problem],
  )
  const stranger = await Painter.connect(server.url, ledger)
  assert.equal(await stranger.paint(1), false)
  assert.deepEqual(
    stranger.refusals.map((text) => JSON.parse(text)),
    [problem],
  )
  const refused = await fetch(`${server.url}/api/boards/${BOARD}/edit`, {
    method: 'POST',
    headers: { ...admin, 'content-type': 'application/json' },
    body: JSON.stringify({ x: 1, y: 1, c: 1 }),
  })
  assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(refused.headers.get('retry-after'), '2')
  assert.deepEqual(await refused.json(), problem)
  assert.deepEqual(
    await problemFrom(api.request('POST', '/api/boards', { ...LEDGER_BOARD, id: 'new' })),
    problem,
  )
  assert.deepEqual(
    await problemFrom(api.request('POST', `/api/boards/${BOARD}/rules`, { undoSeconds: 1 })),
    problem,
  )

  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  assert.deepEqual(await api.digest(BOARD), before)
  assert.equal((await fetch(`${server.url}/api/boards/${BOARD}/image.png`)).status, 200)
  const newcomer = await Viewer.watch(t, server.url, BOARD)
  await newcomer.reached(before.position)
  assert.equal(newcomer.colors, before.colors)

  makeRoom()
  assert.ok(await painter.paint(100))
  assert.ok(await stranger.paint(1))
  const after = await api.digest(BOARD)
  for (const watching of [viewer, newcomer]) {
    await watching.reached(after.position)
    assert.equal(watching.colors, after.colors)
  }

  fillDisk(disk)
  assert.equal(await painter.paint(100), false)
  await server.end('SIGKILL')
  const remains = await remainsOf(t, disk, BOARD)
  assert.equal(ledger.check(remains.records), 1101)
  await server.start()
  await assertShows(server, BOARD, remains)
  await assertHistory(server, BOARD, editOf(0), remains.records)
})

test('[O5] snapshots that find their disk full do no harm, and include everything once there is room', {
  skip: requires('tmpfs'),
}, async (t) => {
  const data = tempFolder(t)
  const disk = tmpfs(t, 48 << 20)
  symlinkSync(disk, join(data, 'state'))
  const server = await ServerProcess.start(t, { ...UNLIMITED, SPATE_DATA: data })
  const api = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  await api.request('POST', '/api/boards', LEDGER_BOARD)
  const ledger = new Ledger()
  const painter = await Painter.connect(server.url, ledger)
  const makeRoom = fillDisk(disk)

  await paintMany([painter], EDITS_A_SNAPSHOT, 1000)
  const stranger = await Painter.connect(server.url, ledger)
  assert.equal(await stranger.paint(1), false)
  assert.deepEqual(
    stranger.refusals.map((text) => JSON.parse(text)),
    [fullProblem(join(data, 'state'))],
  )
  assert.ok(await painter.paint(1), 'known players paint on')
  await server.end('SIGKILL')
  assert.equal(await savedAt(t, data), 0)
  const unsaved = await remainsOf(t, data, BOARD)
  ledger.check(unsaved.records)
  await server.start()
  await assertShows(server, BOARD, unsaved)

  makeRoom()
  const returned = await Painter.connect(server.url, ledger)
  await paintMany([returned], EDITS_A_SNAPSHOT, 1000)
  await server.end('SIGTERM')
  const saved = await remainsOf(t, data, BOARD)
  ledger.check(saved.records)
  assert.equal(await savedAt(t, data), saved.digest.position)
  await server.start()
  await assertShows(server, BOARD, saved)
})

/** The position of the snapshot that the store holds; 0 for none. */
async function savedAt(t: TestContext, data: string): Promise<number> {
  const copy = tempFolder(t)
  cpSync(join(data, 'state'), copy, { recursive: true, dereference: true })
  await using kv = Kv.open(copy, 16)
  return new Snapshots(kv, BOARD).load().position
}
