import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStream } from '../../test/support/event-stream.ts'
import { HttpServer } from '../../test/support/http.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { boardStream } from '../boards/host.ts'
import { positionOf } from '../log/port.ts'

const PATH = '/api/boards/lobby/placements'

test('[H60] whoever follows placements is sent each with its player and time, from any position, what changes the board included', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: -10, top: 0, width: 20, height: 20 } })
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await ann.place(-3, 4, 2)
  server.clock.nowMs += 1500
  await ben.place(5, 6, 7)
  const host = server.services.boards.get('lobby')
  const stream = await EventStream.open(t, `${server.url}${PATH}?v=0`)
  const { timeMs } = host.canvas
  const created = await stream.next()
  assert.equal(created.event, 'created')
  const { extent, palette, background } = host.canvas.info
  assert.deepEqual(JSON.parse(created.data), { extent, palette, background, timeMs: timeMs - 1500 })
  const placed = await stream.next()
  assert.equal(placed.id, String(host.canvas.position))
  assert.deepEqual(JSON.parse(placed.data), {
    x: [-3, 5],
    y: [4, 6],
    color: [2, 7],
    player: [1, 2],
    timeMs: [timeMs - 1500, timeMs],
    authors: { 1: ['player-1', null], 2: ['player-2', null] },
    rgb: { 2: palette[2], 7: palette[7] },
  })
  await ann.place(0, 0, 3)
  assert.deepEqual(JSON.parse((await stream.next()).data).player, [1])
  await host.append([{ type: RecordType.repainted, body: { palette: [...palette, 0x123456] } }])
  const repainted = await stream.next()
  assert.deepEqual([repainted.event, JSON.parse(repainted.data).palette.length], ['repainted', 17])
  const late = await EventStream.open(t, server.url + PATH, { 'last-event-id': placed.id ?? '' })
  assert.deepEqual(JSON.parse((await late.next()).data).x, [0])
})

test('[H60] what the log does not hold any more is said, and the board as it is follows', async (t) => {
  const server = await HttpServer.withLobby(t)
  const ann = await server.visitor()
  for (let x = 0; x < 5; x++) await ann.place(300 * x, 1, 5)
  const { position, timeMs } = server.services.boards.get('lobby').canvas
  await server.trim(boardStream('lobby'), positionOf(position - 1))
  for (const after of [0, 9_999_999]) {
    const stream = await EventStream.open(t, `${server.url}${PATH}?v=${after}`)
    const gap = await stream.next()
    assert.deepEqual([gap.event, JSON.parse(gap.data).from], ['gap', after])
    const shown: number[] = []
    for (let event = await stream.next(); event.event === 'state'; event = await stream.next()) {
      const state = JSON.parse(event.data)
      assert.deepEqual([state.color, state.player, state.timeMs], [[5], [1], [timeMs]])
      shown.push(...state.x)
    }
    assert.equal(stream.lastId, String(position))
    assert.deepEqual(shown, [0, 300, 600, 900])
  }
})

test('[H60] a server that stops ends those who follow placements', async (t) => {
  const server = await HttpServer.withLobby(t)
  const stream = await EventStream.open(t, `${server.url}${PATH}?v=0`)
  await stream.next()
  const ended = assert.rejects(stream.next())
  await server.stop()
  await ended
})
