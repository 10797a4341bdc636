import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailingLog } from '../../../test/support/failing-log.ts'
import { faultyProxy } from '../../../test/support/faulty-proxy.ts'
import { cellsOf, historyOf, TestFollower } from '../../../test/support/followers.ts'
import { HttpServer } from '../../../test/support/http.ts'
import { SpateError } from '../../base/errors.ts'
import { Random } from '../../base/random.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import { boardStream } from '../../boards/host.ts'
import { positionOf } from '../../log/port.ts'
import { CaptureRecordType } from '../records.ts'
import { reportText } from '../report.ts'

const EXTENT = { left: -20, top: 0, width: 40, height: 30 }
const there = (player: number): string => (player === 0 ? '' : `player-${player}`)

async function source(t: Parameters<typeof HttpServer.withLobby>[0]) {
  const server = await HttpServer.withLobby(t, { extent: EXTENT })
  const painters = await Promise.all(Array.from({ length: 3 }, () => server.visitor()))
  const random = new Random(5)
  const paint = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      server.clock.nowMs += 400
      const place = (painter: (typeof painters)[number]) =>
        painter.place(random.between(-20, 19), random.below(30), random.below(16))
      await Promise.all(painters.map(place))
    }
  }
  return { server, paint, host: server.services.boards.get('lobby') }
}

async function assertSame(
  follower: TestFollower,
  host: Awaited<ReturnType<typeof source>>['host'],
): Promise<void> {
  const here = (player: number): string => follower.authorOf(player)
  const { extent, palette, background } = host.canvas.info
  const { info } = follower.host.canvas
  assert.deepEqual([info.extent, info.palette, info.background], [extent, palette, background])
  assert.deepEqual(await historyOf(follower.host, here), await historyOf(host, there))
  assert.deepEqual(
    cellsOf(follower.host, extent, here).map(({ color, author }) => ({ color, author })),
    cellsOf(host, extent, there).map(({ color, author }) => ({ color, author })),
  )
}

test('[K60] another Spate is followed cell by cell, with players, times and what changes its board, over connections that break', async (t) => {
  const { server, paint, host } = await source(t)
  await paint(20)
  let cuts = 0
  const proxy = await faultyProxy(t, server.url, () => ({ cutAfterBytes: 900 + 150 * cuts++ }))
  const follower = await TestFollower.open(t, proxy)
  await paint(10)
  await host.append([
    { type: RecordType.repainted, body: { palette: [...host.canvas.info.palette, 0x10203] } },
  ])
  await host.append([{ type: RecordType.resized, body: { extent: { ...EXTENT, height: 40 } } }])
  await paint(5)
  const rollback = await server.admin.post('/api/boards/lobby/rollbacks', { player: 2 })
  assert.equal(rollback.status, 201, rollback.text)
  await paint(5)
  await follower.reached(host)
  await assertSame(follower, host)
  assert.deepEqual([follower.holes, follower.errors], [[], []])
  assert.ok((follower.follower.report().counts.closed.lost ?? 0) > 1)
  assert.match(
    reportText(follower.follower.report(), 'spate'),
    /^board at .* 100\.000 % covered[\s\S]* by its author$/m,
  )
})

test('[K61] a follower that ends anywhere, also between painting and saying so, paints nothing twice and misses nothing', async (t) => {
  const { server, paint, host } = await source(t)
  await paint(4)
  const log = new FailingLog()
  const gone = new SpateError('invalid', 'the process is gone')
  const follower = await TestFollower.open(t, server.url, log)
  for (let round = 0; round < 3; round++) {
    await follower.until('a start', () => follower.follower.report().canvases.length > 0)
    await follower.end()
    await paint(3)
    // As if the process died before it could say so.
    log.failure = (_stream, records) =>
      records.some(({ type }) => type === CaptureRecordType.applied) ? gone : undefined
    await follower.start()
    await follower.until('its end', () => follower.follower.stopped !== undefined)
    await follower.end()
    log.failure = () => undefined
    await paint(2)
    await follower.start()
    await paint(2)
    await follower.reached(host)
    await assertSame(follower, host)
  }
  assert.deepEqual(follower.holes, [])
})

test('[K62] what the other Spate does not have any more is a hole; the board then shows what it shows', async (t) => {
  const { server, paint, host } = await source(t)
  await paint(10)
  const follower = await TestFollower.open(t, server.url)
  await follower.reached(host)
  await follower.end()
  await paint(20)
  const rollback = await server.admin.post('/api/boards/lobby/rollbacks', { player: 1 })
  assert.equal(rollback.status, 201, rollback.text)
  await server.trim(boardStream('lobby'), positionOf(host.canvas.position - 1))
  await follower.start()
  await paint(3)
  await follower.reached(host)
  const here = (player: number): string => follower.authorOf(player)
  const shown = (cells: ReturnType<typeof cellsOf>) => cells.map(({ color, author }) => `${color} ${author}`)
  assert.deepEqual(shown(cellsOf(follower.host, EXTENT, here)), shown(cellsOf(host, EXTENT, there)))
  assert.deepEqual(follower.holes, ['restarted skipped'])
  assert.deepEqual(follower.errors, [])
})
