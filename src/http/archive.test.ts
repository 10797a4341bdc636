import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { folderObjects } from '../../test/support/archive.ts'
import { HttpServer } from '../../test/support/http.ts'
import { ArchivedLog } from '../archive/archived-log.ts'
import { SEAL_LIMITS, Sealer } from '../archive/sealer.ts'
import { systemClock } from '../base/clock.ts'
import { MemoryLog } from '../log/memory.ts'
import { START } from '../log/port.ts'
import type { Archive } from './archive.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

async function archived(t: TestContext): Promise<{ server: HttpServer; inner: MemoryLog; archive: Archive }> {
  const inner = new MemoryLog(systemClock)
  const { objects } = folderObjects(t)
  const log = new ArchivedLog(inner, objects)
  const onError = (stream: string, error: unknown): void => assert.fail(`${stream}: ${error}`)
  const sealer = new Sealer({ log: inner, objects, clock: systemClock, onError }, SEAL_LIMITS)
  t.after(() => sealer[Symbol.asyncDispose]())
  const archive = { sealer, objects, log }
  return { server: await HttpServer.withLobby(t, {}, { log, archive }), inner, archive }
}

test('[A20] what is archived can be freed when asked, and everything can still be seen, now and then', async (t) => {
  const { server, inner, archive } = await archived(t)
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  for (let i = 0; i < 20; i++) {
    await (i % 2 === 0 ? ann : ben).place(i % 3, i % 5, 1 + (i % 9))
    server.clock.nowMs += 1000
  }
  await server.admin.post('/api/boards/lobby/rollbacks', { player: 1 })
  const looks = async (at: HttpServer): Promise<unknown[]> => {
    const client = at.client()
    const paths = [
      'digest',
      'image.png',
      'image.png?at=3',
      'image.png?at=15',
      'cells/0/0/history',
      'image.png?at=22',
    ]
    return Promise.all(
      paths.map(async (path) => {
        const { status, bytes } = await client.get(`/api/boards/lobby/${path}`)
        assert.equal(status, 200, path)
        return bytes.toString('hex')
      }),
    )
  }
  const before = await looks(server)
  assert.deepEqual((await server.admin.get('/api/archive')).json().streams, [])

  const sealed = await server.admin.post('/api/archive/seal')
  assert.equal(sealed.status, 200)
  const [board] = sealed.json<{ streams: { stream: string; sealedUpTo: number; placements: number }[] }>()
    .streams
  assert.deepEqual([board?.stream, board?.sealedUpTo, board?.placements], ['board/lobby', 22, 20])

  assert.deepEqual((await server.admin.post('/api/boards/lobby/trim', { upTo: 10 })).json(), { trimmed: 10 })
  assert.deepEqual((await server.admin.post('/api/boards/lobby/trim', {})).json(), { trimmed: 22 })
  assert.deepEqual(await inner.read('board/lobby', START, ALL), [])
  assert.deepEqual(await looks(server), before)

  await ann.place(9, 9, 9)
  await ben.place(9, 8, 9)
  const again = await HttpServer.start(t, { log: archive.log, archive })
  const digest = '/api/boards/lobby/digest'
  assert.deepEqual((await again.client().get(digest)).json(), (await server.client().get(digest)).json())
  assert.deepEqual((await looks(again)).slice(2), before.slice(2))
})

test('[A20] what is not archived is not freed', async (t) => {
  const { server } = await archived(t)
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const trim = (body: object) => server.admin.post('/api/boards/lobby/trim', body)
  assert.deepEqual([(await trim({})).status, (await trim({ upTo: 1 })).status], [409, 409])
  await server.admin.post('/api/archive/seal')
  await visitor.place(2, 2, 2)
  assert.equal((await trim({ upTo: 3 })).status, 409)
  assert.equal((await trim({ upTo: 0 })).status, 400)
  assert.equal((await trim({ upTo: 2 })).status, 200)
})

test('[A20] the archive is the organiser’s, and a log in memory alone has none', async (t) => {
  const { server } = await archived(t)
  const visitor = await server.visitor()
  assert.equal((await visitor.get('/api/archive')).status, 403)
  assert.equal((await visitor.post('/api/archive/seal')).status, 403)
  assert.equal((await visitor.post('/api/boards/lobby/trim', {})).status, 403)
  const without = await HttpServer.withLobby(t)
  assert.equal((await without.admin.get('/api/archive')).status, 404)
})
