import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ownPrefix } from '../../test/support/kafka-topics.ts'
import { ownKafka, ownKafkaBeside } from '../../test/support/own-kafka.ts'
import { requires } from '../../test/support/requires.ts'
import { serviceUrl } from '../../test/support/services.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { describeLog, record } from './contract.ts'
import { parseKafkaAddress } from './kafka/address.ts'
import { Appender, Topics } from './kafka/client.ts'
import { encodeMessage } from './kafka/envelope.ts'
import { KafkaLog } from './kafka.ts'
import { type Log, START } from './port.ts'

const skip = requires('kafka')
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
/** Longer than a request is waited for, shorter than an append. */
const SILENCE_MS = 4_500

async function open(
  t: TestContext,
  broker: string,
  prefix: string,
  { folder = join(tempFolder(t), 'kafka'), clock = systemClock }: { folder?: string; clock?: Clock } = {},
): Promise<KafkaLog> {
  const address = parseKafkaAddress(`kafka://${broker}/${prefix}?partitions=2`)
  const log = await KafkaLog.open(address, folder, clock)
  t.after(() => log[Symbol.asyncDispose]())
  return log
}

async function textsOf(log: Log, stream = 'board/a'): Promise<string[]> {
  return (await log.read(stream, START, ALL)).map(({ body }) => new TextDecoder().decode(body))
}

if (skip === false) {
  describeLog('Kafka', (t, clock) =>
    open(t, serviceUrl('kafka'), ownPrefix(t, serviceUrl('kafka')), { clock }),
  )
}

test('[L16] what was sent twice is in the stream once, for every reader, and is answered with the copy that counts', {
  skip,
}, async (t) => {
  const prefix = ownPrefix(t, serviceUrl('kafka'))
  const log = await open(t, serviceUrl('kafka'), prefix)
  const [first] = await log.append('board/a', [record('a')])
  const { append } = Appender.prototype
  const lost = new SpateError('unavailable', 'the answer was lost')
  t.mock.method(
    Appender.prototype,
    'append',
    async function (this: Appender, ...args: Parameters<typeof append>) {
      await append.apply(this, args)
      throw lost
    },
    { times: 1 },
  )
  const [[b, c], [d]] = await Promise.all([
    log.append('board/a', [record('b'), record('c')]),
    log.append('board/a', [record('d')]),
  ])
  // Whether it was sent again depends on who was faster; what is written here was.
  const raw = new Appender([serviceUrl('kafka')])
  t.after(() => raw.close())
  const { topic, partition } = log.placeOf('board/a')
  const again = [7, 8].map((sequence) => ({
    key: Buffer.from('board/a'),
    value: encodeMessage({ writer: '0123456789abcdef', sequence }, record(`raw ${sequence}`), 5),
  }))
  for (let copies = 0; copies < 3; copies++) await raw.append(topic, partition, again)
  const [last] = await log.append('board/a', [record('e')])
  const texts = ['a', 'b', 'c', 'd', 'raw 7', 'raw 8', 'e']
  assert.deepEqual(await textsOf(log), texts)
  const positions = (await log.read('board/a', START, ALL)).map(({ position }) => position)
  assert.deepEqual([...positions.slice(0, 4), positions.at(-1)], [first, b, c, d, last])
  assert.ok((last ?? 0) - (positions[5] ?? 0) > 4, 'the other copies are there')
  const another = await open(t, serviceUrl('kafka'), prefix)
  assert.deepEqual(await another.read('board/a', START, ALL), await log.read('board/a', START, ALL))
  const folder = join(tempFolder(t), 'kafka')
  await (await open(t, serviceUrl('kafka'), prefix, { folder }))[Symbol.asyncDispose]()
  const fromBroker = await open(t, serviceUrl('kafka'), prefix, { folder })
  assert.deepEqual(await textsOf(fromBroker), texts)
})

test('[L17] a broker that is silent, and then writes what it was sent: nothing is lost or there twice', {
  skip,
}, async (t) => {
  const broker = await ownKafka(t)
  const log = await open(t, broker.url, 'silent')
  await log.append('board/a', [record('a')])
  await broker.pause()
  const silent = Promise.all(['b', 'c', 'd'].map((text) => log.append('board/a', [record(text)])))
  await pause(SILENCE_MS)
  broker.resume()
  await silent
  await log.append('board/a', [record('e')])
  assert.deepEqual(await textsOf(log), ['a', 'b', 'c', 'd', 'e'])
})

test('[L17] a broker that is away: appends are refused with the time to try again, and all resumes by itself', {
  skip,
}, async (t) => {
  const broker = await ownKafka(t)
  const log = await open(t, broker.url, 'away')
  await log.append('board/a', [record('a')])
  await broker.kill()
  await assert.rejects(log.append('board/a', [record('b')]), {
    code: 'unavailable',
    retryable: true,
    retryAfterMs: 1000,
    name: 'SpateError',
  })
  const startMs = performance.now()
  await assert.rejects(log.append('board/a', [record('c')]), { code: 'unavailable' })
  assert.ok(performance.now() - startMs < 1000, 'nobody waits again for what is known to be away')
  assert.deepEqual(await textsOf(log), ['a'], 'what was read before stays')
  await broker.start()
  for (;;) {
    const done = await log.append('board/a', [record('d')]).catch(() => undefined)
    if (done !== undefined) break
    await pause(50)
  }
  const texts = await textsOf(log)
  assert.deepEqual([texts[0], texts.at(-1)], ['a', 'd'])
})

test('[L18] a start reads only what is new, and finds what it knew', { skip }, async (t) => {
  const prefix = ownPrefix(t, serviceUrl('kafka'))
  const folder = join(tempFolder(t), 'kafka')
  const before = await open(t, serviceUrl('kafka'), prefix, { folder })
  const other = await open(t, serviceUrl('kafka'), prefix)
  await before.append('board/a', [record('1'), record('2')])
  await before.append('board/b', [record('x')])
  await before[Symbol.asyncDispose]()
  await other.append('board/a', [record('3')])
  const after = await open(t, serviceUrl('kafka'), prefix, { folder })
  assert.deepEqual(await textsOf(after), ['1', '2', '3'])
  assert.deepEqual((await after.streams()).sort(), ['board/a', 'board/b'])
  assert.equal(await after.head('board/a'), await other.head('board/a'))
})

test('[L18] a data folder that followed another log is refused, and stays as it is', { skip }, async (t) => {
  const folder = join(tempFolder(t), 'kafka')
  const log = await open(t, serviceUrl('kafka'), ownPrefix(t, serviceUrl('kafka')), { folder })
  await log[Symbol.asyncDispose]()
  await assert.rejects(open(t, serviceUrl('kafka'), ownPrefix(t, serviceUrl('kafka')), { folder }), {
    code: 'invalid',
    message: /another log/,
  })
})

test('[L19] topics are made so that they lose nothing; one that would is refused, with how to mend it', {
  skip,
}, async (t) => {
  const broker = serviceUrl('kafka')
  const topics = new Topics([broker])
  t.after(() => topics.close())
  const prefix = ownPrefix(t, serviceUrl('kafka'))
  await (await open(t, broker, prefix))[Symbol.asyncDispose]()
  const made = await topics.describe(`${prefix}.events`)
  assert.equal(made?.partitions, 2)
  assert.deepEqual(
    ['cleanup.policy', 'retention.ms', 'retention.bytes', 'min.insync.replicas'].map((name) =>
      made?.settings.get(name),
    ),
    ['delete', '-1', '-1', '1'],
  )
  const wrong = ownPrefix(t, serviceUrl('kafka'))
  await topics.create(`${wrong}.events`, 1, 1, { 'retention.ms': '1000' })
  await assert.rejects(open(t, broker, wrong), {
    code: 'invalid',
    message: /retention\.ms=1000 \(has to be -1\).*max\.message\.bytes=.*kafka-configs --alter/,
  })
  const copies = parseKafkaAddress(`kafka://${broker}/${prefix}?replicas=3`)
  await assert.rejects(KafkaLog.open(copies, join(tempFolder(t), 'kafka'), systemClock), {
    code: 'invalid',
    message: /1 replicas \(has to be 3\)/,
  })
  await assert.rejects(open(t, '127.0.0.1:1', ownPrefix(t, serviceUrl('kafka'))), { code: 'unavailable' })
})

test('[L20] several streams of a partition are read apart, from the broker as from memory', {
  skip,
}, async (t) => {
  const prefix = ownPrefix(t, serviceUrl('kafka'))
  const log = await open(t, serviceUrl('kafka'), prefix)
  const names = ['board/a', 'board/b', 'board/c', 'board/d', 'capture/x']
  for (let round = 0; round < 30; round++) {
    await Promise.all(names.map((name) => log.append(name, [record(`${name} ${round}`), record('.')])))
  }
  const expected = (name: string) =>
    Array.from({ length: 30 }, (_, round) => [`${name} ${round}`, '.']).flat()
  const folder = join(tempFolder(t), 'kafka')
  await (await open(t, serviceUrl('kafka'), prefix, { folder }))[Symbol.asyncDispose]()
  // Its catalog is up to date, so that nothing comes into memory.
  const late = await open(t, serviceUrl('kafka'), prefix, { folder })
  for (const name of names) {
    assert.deepEqual(await textsOf(log, name), expected(name))
    assert.deepEqual(await textsOf(late, name), expected(name))
    const [second] = (await late.read(name, START, { records: 2, bytes: 1e6 })).slice(1)
    assert.deepEqual(
      await late.read(name, second?.position ?? START, ALL),
      (await log.read(name, START, ALL)).slice(2),
    )
  }
})

test('[L21] when the leader of a partition moves, in peace or by a kill, appends and followers go on, each record once', {
  skip,
}, async (t) => {
  const first = await ownKafka(t)
  const second = await ownKafkaBeside(t, first)
  const address = parseKafkaAddress(`kafka://${first.url},${second.url}/moves?partitions=4&replicas=2`)
  const log = await KafkaLog.open(address, join(tempFolder(t), 'kafka'), systemClock)
  t.after(() => log[Symbol.asyncDispose]())
  const names = Array.from({ length: 8 }, (_, i) => `board/b${i}`)
  const acknowledged = new Map(names.map((name) => [name, [] as string[]]))
  const refused = new Set<string>()
  let next = 0
  const appendEverywhere = async (): Promise<void> => {
    await Promise.all(
      names.map(async (name) => {
        const text = String(next++)
        try {
          await log.append(name, [record(text)])
          acknowledged.get(name)?.push(text)
        } catch (error) {
          if (!(error instanceof SpateError && error.code === 'unavailable')) throw error
          refused.add(text)
        }
      }),
    )
  }
  const untilAll = async (): Promise<void> => {
    const untilMs = performance.now() + 60_000
    for (;;) {
      assert.ok(performance.now() < untilMs, 'appends are taken again')
      const before = refused.size
      await appendEverywhere()
      if (refused.size === before) return
      await pause(100)
    }
  }
  const stop = new AbortController()
  const followed = names.map(async (name) => {
    const texts: string[] = []
    for await (const batch of log.follow(name, START, stop.signal)) {
      texts.push(...batch.map(({ body }) => new TextDecoder().decode(body)))
    }
    return texts
  })
  await appendEverywhere()
  for (const end of [() => second.stop(), () => second.kill()]) {
    const meanwhile = untilAll()
    await end()
    await meanwhile
    await untilAll()
    await second.start()
    await untilAll()
  }
  stop.abort()
  for (const [i, name] of names.entries()) {
    const texts = await textsOf(log, name)
    assert.deepEqual(await followed[i], texts)
    assert.equal(new Set(texts).size, texts.length, 'nothing is there twice')
    assert.deepEqual(
      texts.filter((text) => !refused.has(text)),
      acknowledged.get(name),
    )
  }
})

test('[L22] many streams are followed over a few connections, whatever their number', { skip }, async (t) => {
  const log = await open(t, serviceUrl('kafka'), ownPrefix(t, serviceUrl('kafka')))
  const connections = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
  await log.append('board/first', [record('1')])
  const before = connections()
  const stop = new AbortController()
  const names = Array.from({ length: 200 }, (_, i) => `board/b${i}`)
  const heard = names.map(async (name) => {
    for await (const batch of log.follow(name, START, stop.signal)) return batch.length
    return 0
  })
  await Promise.all(names.map((name) => log.append(name, [record(name)])))
  assert.deepEqual(
    await Promise.all(heard),
    names.map(() => 1),
  )
  assert.ok(connections() <= before + 2, `${connections()} connections, ${before} before`)
  stop.abort()
})
