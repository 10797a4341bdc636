import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Admin, Producer } from '@platformatic/kafka'
import { NODE_ENV, NODE_FLAGS } from '../../../../scripts/node.mjs'
import { EventStream } from '../../../../test/support/event-stream.ts'
import { requires } from '../../../../test/support/requires.ts'
import { ServerProcess } from '../../../../test/support/server.ts'
import { serviceUrl } from '../../../../test/support/services.ts'
import { tempFolder } from '../../../../test/support/tmp.ts'

const skip = requires('kafka')
const MAIN = join(import.meta.dirname, '../../main.ts')
const PARTITIONS = 3
const MESSAGES = 6000
const T = 1_458_061_005

/** A topic of the test's own, with messages of 20 users; every hundredth is no message. */
async function queue(t: TestContext, broker: string): Promise<{ topic: string; group: string }> {
  const topic = `test-${randomBytes(6).toString('hex')}-queue`
  // A topic that was just made may have no leader yet: what it does not take is sent again, and is there once.
  const client = { clientId: 'test', bootstrapBrokers: [broker], retries: 20, retryDelay: 250 }
  const admin = new Admin(client)
  const producer = new Producer({ ...client, idempotent: true })
  t.after(async () => {
    await admin.deleteTopics({ topics: [topic] })
    await Promise.all([admin.close(), producer.close()])
  })
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 })
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const messages = Array.from({ length: MESSAGES / PARTITIONS }, (_, i) => ({
      topic,
      partition,
      key: Buffer.alloc(0),
      value: Buffer.from(i % 100 === 99 ? 'poison' : increment(i % 20)),
    }))
    await producer.send({ messages })
  }
  return { topic, group: `${topic}-group` }
}

function increment(uid: number): string {
  const metric = { thing: 'points', uid, atid: 1, aid: 1, value: 1, ts2: T, mode: 'increment' }
  return JSON.stringify({ command: 'metric', metric })
}

function feed(t: TestContext, server: ServerProcess, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'meters', 'feed', ...args], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_DATA: server.dataFolder },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Resolves when so many points are counted. */
async function counted(t: TestContext, server: ServerProcess, least: number): Promise<void> {
  const stream = await EventStream.open(t, `${server.url}/api/meters/psd.points/live?limit=100`)
  for (;;) {
    const { places } = JSON.parse((await stream.next()).data) as { places: { sum: number }[] }
    if (places.reduce((sum, place) => sum + place.sum, 0) >= least) return
  }
}

test('[I53] a feed that is killed and started again counts every message of a topic once', {
  skip,
}, async (t) => {
  const broker = serviceUrl('kafka')
  const server = await ServerProcess.start(t)
  const { topic, group } = await queue(t, broker)
  const rejects = join(tempFolder(t), 'rejects')
  const meter = { dimensions: ['aid', 'atid'], totalsOver: 1, lateSeconds: 4_000_000_000 }
  await fetch(`${server.url}/api/meters/psd.points`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${await server.adminToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify(meter),
  })
  const args = ['--kafka', broker, '--topic', topic, '--group', group, '--rejects', rejects]
  const first = feed(t, server, [...args, '--batch', '20', '--session', '6'])
  await counted(t, server, 1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const second = feed(t, server, [...args, '--session', '6'])
  let said = ''
  second.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await counted(t, server, (MESSAGES * 99) / 100)
  second.kill('SIGINT')
  assert.deepEqual(await once(second, 'exit'), [0, null], said)
  assert.match(said, /taken \d+, set aside \d+/)
  const top = await fetch(`${server.url}/api/meters/psd.points/top`)
  const { places } = (await top.json()) as { places: { entity: string; sum: number }[] }
  const expected = Array.from({ length: 20 }, (_, uid) => [String(uid), uid === 19 ? 240 : 300])
  assert.deepEqual(places.map(({ entity, sum }) => [entity, sum]).sort(), expected.sort())
  const told = readFileSync(rejects, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    new Set(told.map(({ reason, message }) => `${reason}: ${message}`)),
    new Set(['no JSON: poison']),
  )
  assert.equal(new Set(told.map(({ partition, offset }) => `${partition}/${offset}`)).size, MESSAGES / 100)
})
