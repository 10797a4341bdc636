import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HttpServer } from '../../../test/support/http.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { systemClock } from '../../base/clock.ts'
import { captureStream } from '../../capture/records.ts'
import { MemoryLog } from '../../log/memory.ts'

interface View {
  readonly name: string
  readonly state: string
  readonly problem: string | null
}

test('[K23] a capture whose file cannot be read is listed with what is wrong, can be ended, and begun anew', async (t) => {
  const capturesFolder = tempFolder(t)
  const files = join(capturesFolder, 'captures')
  mkdirSync(files)
  for (const name of ['half', 'later', 'no name']) writeFileSync(join(files, `${name}.json`), '{"version":1,')
  const server = await HttpServer.start(t, { capturesFolder })
  const list = async (client = server.admin): Promise<View[]> =>
    (await client.get('/api/captures')).json<{ captures: View[] }>().captures
  const views = await list()
  assert.deepEqual(
    views.map(({ name, state }) => [name, state]),
    [
      ['half', 'stopped'],
      ['later', 'stopped'],
    ],
  )
  assert.match(views[0]?.problem ?? '', /^cannot read .*half\.json: /)
  assert.equal((await list(server.client()))[0]?.problem, null)
  const one = (await server.admin.get('/api/captures/half')).json<View>()
  assert.match(one.problem ?? '', /half\.json/)

  assert.equal((await server.admin.delete('/api/captures/half')).status, 204)
  assert.equal(existsSync(join(files, 'half.json')), false)
  const settings = { url: 'http://127.0.0.1:1/feed' }
  assert.equal((await server.admin.put('/api/captures/later', { kind: 'feed', settings })).status, 204)
  assert.deepEqual(
    (await list()).map(({ name, state }) => [name, state]),
    [['later', 'connecting']],
  )
})

test('[K23] a capture whose stream a later release wrote is listed with what is wrong, and hides no other', async (t) => {
  const log = new MemoryLog(systemClock)
  const server = await HttpServer.start(t, { log })
  const { captures } = server.services
  await log.append(captureStream('later'), [{ type: 99, body: Uint8Array.of(1) }])
  await captures.put('now', { kind: 'feed', settings: { url: 'http://127.0.0.1:1/feed' } })
  const { captures: views } = (await server.admin.get('/api/captures')).json<{ captures: View[] }>()
  assert.deepEqual(
    views.map(({ name, state }) => [name, state]),
    [
      ['later', 'stopped'],
      ['now', 'connecting'],
    ],
  )
  assert.match(views[0]?.problem ?? '', /upgrade Spate/)
  assert.equal((await server.admin.get('/api/captures/later/report')).status, 503)
})
