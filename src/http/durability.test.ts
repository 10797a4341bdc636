import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, HttpServer } from '../../test/support/http.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { decodeServerMessage } from '../live/protocol.ts'
import { MemoryLog } from '../log/memory.ts'
import type { NewRecord, Position } from '../log/port.ts'

/** A log whose disk is slow, or full. */
class HeldLog extends MemoryLog {
  #held: PromiseWithResolvers<void> | undefined
  failure: SpateError | undefined

  hold(): void {
    this.#held = Promise.withResolvers()
  }

  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  override async append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    if (stream.startsWith('board/')) {
      if (this.failure !== undefined) throw this.failure
      await this.#held?.promise
    }
    return super.append(stream, records)
  }
}

test('[H3] [S2] no edit is acknowledged, and none is seen, before it is durable', async (t) => {
  const log = new HeldLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const { canvas } = server.services.boards.get('lobby')
  const player = await server.visitor()
  await player.place(0, 0, 1)
  const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`, { headers: player.headers })
  await socket.next()
  log.hold()
  const answered: number[] = []
  const note = (answer: Answer): void => void answered.push(answer.status)
  const answers = [
    player.place(1, 1, 1).then(note),
    server.client().post('/sp/edit?x=2&y=2&c=2').then(note),
    player.post('/api/boards/lobby/undo').then(note),
    server.admin.post('/api/boards/lobby/rules', { undoSeconds: 9 }).then(note),
  ]
  socket.send(Buffer.of(1, 5, 0, 0, 0, 3, 0, 3, 0, 3))
  // Anything that can be answered without the disk has been by now.
  for (let i = 0; i < 20; i++) assert.equal((await server.client().get('/healthz')).status, 200)
  assert.deepEqual(
    answered.filter((status) => status === 200),
    [],
  )
  assert.equal(canvas.position, 2)
  assert.equal((await server.client().get('/sp/current')).headers['x-content-version'], '2')
  log.release()
  await Promise.all(answers)
  assert.deepEqual(answered.filter((status) => status === 200).length, 3)
  const judged = decodeServerMessage(Buffer.from(await socket.next()))
  assert.ok(judged.type === 'judged')
  for (const at of [1, 2, 3]) assert.equal(canvas.colorAt(at, at), at)
})

test('[H3] a disk that is full refuses every write with its reason, and reading goes on', async (t) => {
  const log = new HeldLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const player = await server.visitor()
  await player.place(0, 0, 1)
  const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`, { headers: player.headers })
  await socket.next()
  log.failure = new SpateError('storage-full', 'the disk of /srv is full')
  for (const answer of [
    await player.place(1, 1, 1),
    await server.client().post('/sp/edit?x=1&y=1&c=1'),
    await server.admin.post('/api/boards/lobby/rules', { undoSeconds: 9 }),
    await server.admin.post('/api/boards/lobby/bans', { player: 1 }),
    await server.admin.post('/api/boards', { id: 'other', width: 5, height: 5 }),
    await server.admin.post('/api/boards/lobby/painted', { x: [1], y: [1], color: [1] }),
  ]) {
    assert.equal(answer.status, 503)
    const { code, detail } = answer.json()
    assert.deepEqual([code, detail], ['storage-full', 'the disk of /srv is full'])
    assert.equal(answer.headers['retry-after'], '2')
  }
  socket.send(Buffer.of(1, 5, 0, 0, 0, 3, 0, 3, 0, 3))
  const refused = decodeServerMessage(Buffer.from(await socket.next()))
  assert.ok(refused.type === 'refused')
  assert.equal(JSON.parse(refused.problem).code, 'storage-full')
  assert.equal((await server.client().get('/api/boards/lobby/cells/0/0')).json().color, 1)
  assert.equal((await server.client().get('/api/boards/lobby/image.png')).status, 200)
  assert.equal((await server.client().get('/api/boards/other')).status, 404)
  log.failure = undefined
  assert.equal((await player.place(1, 1, 1)).status, 200)
  assert.equal((await server.admin.post('/api/boards', { id: 'other', width: 5, height: 5 })).status, 201)
})
