import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { JOB_KINDS } from '../../src/app/jobs.ts'
import { frameKey } from '../../src/capture/place/frame-store.ts'
import { LOST_FRAMES } from '../../src/capture/place/lost-frames.ts'
import { openJobs } from '../../src/jobs/open.ts'
import { JOB_LIMITS } from '../../src/jobs/port.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { eventually } from '../support/capturing.ts'
import { spate } from '../support/cli.ts'
import { HttpClient } from '../support/http.ts'
import { ownPrefix } from '../support/kafka-topics.ts'
import { requires } from '../support/requires.ts'
import { ServerProcess } from '../support/server.ts'
import { serviceUrl } from '../support/services.ts'
import { postgresPlace, postgresTables } from '../support/tables.ts'
import { tempFolder } from '../support/tmp.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

async function serving(t: TestContext, bytes: Buffer): Promise<string> {
  const server = createServer((_request, response) => response.end(bytes))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  // A TCP server's address is an AddressInfo.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/frame.png`
}

test('[K26] spate work does the jobs of servers that share its log and database, and ends in order', {
  skip: requires('kafka', 'postgres'),
}, async (t) => {
  const png = await sharp({ create: { width: 2, height: 2, channels: 4, background: '#f00' } })
    .png()
    .toBuffer()
  const url = await serving(t, png)
  const place = postgresPlace(t)
  const broker = serviceUrl('kafka')
  const objects = tempFolder(t)
  const database = new URL(place.url())
  database.searchParams.set('schema', place.schema)
  const env = {
    SPATE_LOG: `kafka://${broker}/${ownPrefix(t, broker)}?partitions=1`,
    SPATE_DB: database.href,
    SPATE_OBJECTS: objects,
  }
  const worker = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'work'], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', ...env, SPATE_DATA: tempFolder(t) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => worker.kill('SIGKILL'))
  const [words] = await once(worker.stdout, 'data')
  assert.equal(String(words), 'Spate works\n')

  const tables = postgresTables(t, place)
  await using jobs = openJobs(tables, JOB_KINDS, {
    limits: JOB_LIMITS,
    onError: (error) => assert.fail(String(error)),
  })
  await jobs.send(LOST_FRAMES, { capture: 'place', canvas: 0, url })
  await eventually('the job is done', async () => {
    const [job] = await jobs.list({ kind: undefined, state: 'done', limit: 1 })
    return job !== undefined
  })
  const sha256 = createHash('sha256').update(png).digest('hex')
  const kept = await FolderObjects.open(objects).get(frameKey(sha256))
  assert.deepEqual(Buffer.from(kept), png)

  const ended = once(worker, 'exit')
  worker.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])

  const server = await ServerProcess.start(t, env)
  const { text } = await new HttpClient(server.url, {}).get('/api/captures')
  assert.match(text, /"name":"place","kind":"place","state":"ended"/)
})

test('[K26] where only one process can have the log or the database there is nothing for spate work', async (t) => {
  const { code, stderr } = await spate(tempFolder(t), 'work')
  assert.equal(code, 1)
  assert.match(stderr, /spate work shares a log and a database with servers: SPATE_LOG=kafka:\/\/…/)
})
