import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SERVICES } from '../../scripts/services/all.mjs'
import { answers } from '../../scripts/services/answers.mjs'
import { parseCommand } from '../../scripts/services/command.mjs'
import { birthOf, isAlive, remember, running } from '../../scripts/services/record.mjs'
import { placeOf, portOf } from '../../scripts/services/service.mjs'
import { start, stop } from '../../scripts/services/supervise.mjs'
import { freePort } from '../support/port.ts'
import { requires } from '../support/requires.ts'
import { findServiceUrl, serviceUrl } from '../support/services.ts'
import { tempFolder } from '../support/tmp.ts'

test('a command names an action and services, all of them if none', () => {
  const services = [{ name: 'a' }, { name: 'b' }]
  assert.deepEqual(parseCommand(['up'], services), { action: 'up', services })
  assert.deepEqual(parseCommand(['down', 'b', 'b'], services), { action: 'down', services: [{ name: 'b' }] })
  assert.throws(() => parseCommand([], services), { message: /^usage: .* \[a b\]$/ })
  assert.throws(() => parseCommand(['start'], services), { message: /^usage: / })
  assert.throws(() => parseCommand(['up', 'a', 'c'], services), {
    message: 'no service c; there are a, b',
  })
})

test('each service has a name, and a port of its own that its URL says', () => {
  const names = SERVICES.map(({ name }) => name)
  assert.ok(names.includes('kafka'))
  assert.equal(new Set(names).size, names.length)
  const ports = SERVICES.flatMap(({ name, port }) =>
    port === undefined ? [] : name === 'kafka' ? [port, port + 1] : [port],
  )
  assert.equal(new Set(ports).size, ports.length)
  for (const { port, url, launch, isReady } of SERVICES) {
    assert.equal(new Set([port, url, launch, isReady].map((part) => part === undefined)).size, 1)
    if (url) assert.match(url(4321), /\b127\.0\.0\.1:4321\b/)
  }
})

test('a variable moves a service to another port', () => {
  const service = { name: 'probe', port: 1234 }
  assert.equal(portOf(service, {}), 1234)
  assert.equal(portOf(service, { SPATE_PROBE_PORT: '4321' }), 4321)
  for (const SPATE_PROBE_PORT of ['80', '65535', 'x', '-4321']) {
    assert.throws(() => portOf(service, { SPATE_PROBE_PORT }), { message: /is not a port/ })
  }
})

test('a service is started once, and ended with its record', async (t) => {
  const probe = probeService(LISTENS)
  const place = await placeFor(t, probe)
  assert.deepEqual(await start(probe, place), { url: place.url, wasRunning: false })
  const { pid } = running('probe', place.home)
  assert.deepEqual(await start(probe, place), { url: place.url, wasRunning: true })
  assert.equal(running('probe', place.home).pid, pid)
  assert.ok(await answers(place.port))

  assert.equal(await stop('probe', place.home), true)
  assert.equal(birthOf(pid), undefined)
  assert.equal(running('probe', place.home), undefined)
  assert.equal(await stop('probe', place.home), false)
})

test('a service that ends while it starts is a refusal with its output, and no record', async (t) => {
  const probe = probeService(`console.error('no luck'); process.exit(1)`)
  const place = await placeFor(t, probe)
  await assert.rejects(start(probe, place), { message: /^probe ended while it started/, output: 'no luck\n' })
  assert.equal(running('probe', place.home), undefined)
})

test('a port that is taken is refused', async (t) => {
  const probe = probeService(LISTENS)
  const place = await placeFor(t, probe)
  const other = createServer().listen(place.port, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  await assert.rejects(start(probe, place), { message: /SPATE_PROBE_PORT names another$/ })
})

test('a process that took over a recorded id is neither running nor ended', async (t) => {
  const home = tempFolder(t)
  const birth = birthOf(process.pid)
  assert.ok(isAlive({ pid: process.pid, birth }))
  remember('probe', home, {
    pid: process.pid,
    birth: 'another',
    url: 'x',
    isReady: true,
    stopSignal: 'SIGKILL',
  })
  assert.equal(running('probe', home), undefined)
  assert.equal(await stop('probe', home), false)
})

test('where a service is can be said by a variable', (t) => {
  const before = process.env.SPATE_TEST_KAFKA
  t.after(() => {
    if (before === undefined) delete process.env.SPATE_TEST_KAFKA
    else process.env.SPATE_TEST_KAFKA = before
  })
  process.env.SPATE_TEST_KAFKA = '127.0.0.1:1'
  assert.equal(findServiceUrl('kafka'), '127.0.0.1:1')
  assert.equal(requires('kafka'), false)
})

test('the broker that the tests find speaks Kafka', { skip: requires('kafka') }, async () => {
  const [host, port] = serviceUrl('kafka').split(':')
  const socket = connect(Number(port), host)
  // ApiVersions (key 18) v0: size, key, version, correlation id 7, no client id.
  socket.write(Buffer.from('0000000a001200000000' + '0007ffff', 'hex'))
  let answer = Buffer.alloc(0)
  for await (const data of socket) {
    answer = Buffer.concat([answer, data])
    if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) break
  }
  assert.equal(answer.readInt32BE(4), 7)
  assert.equal(answer.readInt16BE(8), 0, 'the error code')
  const keys = Array.from({ length: answer.readInt32BE(10) }, (_, index) =>
    answer.readInt16BE(14 + 6 * index),
  )
  const needed = { produce: 0, fetch: 1, metadata: 3, createTopics: 19, initProducerId: 22 }
  for (const [name, key] of Object.entries(needed)) assert.ok(keys.includes(key), name)
})

const LISTENS = `require('node:net').createServer().listen(Number(process.argv[1]), '127.0.0.1')`

function probeService(code: string) {
  return {
    name: 'probe',
    port: 1,
    url: (port: number) => `probe://127.0.0.1:${port}`,
    isInstalled: () => true,
    install: () => {},
    launch: ({ port }: { port: number }) => ({ command: process.execPath, args: ['-e', code, String(port)] }),
    isReady: ({ port }: { port: number }) => answers(port),
  }
}

/** A home of its own; what still runs in it in the end is ended. */
async function placeFor(t: TestContext, service: ReturnType<typeof probeService>) {
  const home = tempFolder(t)
  t.after(() => stop(service.name, home))
  return placeOf(service, home, await freePort())
}
