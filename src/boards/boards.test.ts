import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { created, T0 } from '../../test/support/boards.ts'
import { ManualClock } from '../../test/support/clock.ts'
import { memoryKv } from '../../test/support/memory-kv.ts'
import { MemoryLog } from '../log/memory.ts'
import { Boards, type BoardsServices, isBoardId, MAX_BOARDS } from './boards.ts'
import { BoardHost } from './host.ts'

function services(): BoardsServices {
  const clock = new ManualClock()
  return {
    log: new MemoryLog(clock),
    kv: memoryKv(),
    clock,
    onSnapshotError: assert.fail,
    onStopped: assert.fail,
  }
}

async function opened(t: TestContext, of: BoardsServices): Promise<Boards> {
  const boards = await Boards.open(of)
  t.after(() => boards[Symbol.asyncDispose]())
  return boards
}

test('[B25] a board is created once, by its name', async (t) => {
  const boards = await opened(t, services())
  const host = await boards.create(created({ id: 'lobby' }))
  assert.equal(host.canvas.info.id, 'lobby')
  assert.equal(boards.get('lobby'), host)
  await assert.rejects(boards.create(created({ id: 'lobby' })), { code: 'conflict' })
  const twice = [boards.create(created({ id: 'a' })), boards.create(created({ id: 'a' }))]
  const results = await Promise.allSettled(twice)
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  assert.deepEqual(
    boards.all().map(({ id }) => id),
    ['lobby', 'a'],
  )
  assert.throws(() => boards.get('b'), { code: 'not-found' })
})

test('[B25] a board’s name is 1 to 64 of a–z, 0–9, dot, underscore and hyphen', async (t) => {
  const boards = await opened(t, services())
  for (const id of ['a', '0', 'a.b_c-d', 'a'.repeat(64)]) assert.ok(isBoardId(id), id)
  for (const id of ['', '.', '-a', 'A', 'ä', 'a/b', 'a b', 'a'.repeat(65)]) {
    assert.ok(!isBoardId(id), id)
    await assert.rejects(boards.create(created({ id })), { code: 'invalid' })
  }
})

test('[B25] a board may have begun earlier', async (t) => {
  const boards = await opened(t, services())
  const host = await boards.create(created({ id: 'old' }), T0 - 5000)
  assert.equal(host.canvas.timeMs, T0 - 5000)
})

test('[B25] every board of the log is open after a start', async (t) => {
  const of = services()
  const before = await Boards.open(of)
  await before.create(created({ id: 'a' }))
  await before.create(created({ id: 'b', background: 3 }))
  await before[Symbol.asyncDispose]()
  await of.log.append('players', [{ type: 1, body: new Uint8Array(0) }])
  const after = await opened(t, of)
  assert.deepEqual(
    after.all().map(({ id, canvas }) => [id, canvas.info.background]),
    [
      ['a', 0],
      ['b', 3],
    ],
  )
})

test('[B25] a board whose creation the log refused may be created again', async (t) => {
  const of = services()
  const boards = await opened(t, of)
  const append = t.mock.method(of.log, 'append', () => Promise.reject(new Error('no')), { times: 1 })
  await assert.rejects(boards.create(created({ id: 'a' })), { message: 'no' })
  assert.equal(append.mock.callCount(), 1)
  assert.ok(!boards.has('a'))
  await boards.create(created({ id: 'a' }))
})

test('[B25] a server runs at most 1,000 boards', async (t) => {
  const boards = await opened(t, services())
  // A thousand real hosts would cost half a gigabyte; only their number matters here.
  t.mock.method(BoardHost, 'open', async (id: string) => ({ id, [Symbol.asyncDispose]: async () => {} }))
  for (let i = 0; i < MAX_BOARDS; i++) await boards.create(created({ id: `${i}` }))
  await assert.rejects(boards.create(created({ id: 'one-more' })), { code: 'invalid' })
})
