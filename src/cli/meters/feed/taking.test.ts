import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyMessage, expectedOf, KeyedServer, REFUSED, takingOf } from '../../../../test/support/feeding.ts'
import { SpateError } from '../../../base/errors.ts'
import { Random } from '../../../base/random.ts'
import { ProblemError } from '../../../client/api.ts'
import type { MeterWrite } from '../../../client/meters.ts'
import { type Item, Taker } from './taking.ts'

const NAME = 'a batch'

function itemsOf(texts: readonly string[]): Item[] {
  return texts.map((text, i) => ({ at: { line: i + 1 }, text }))
}

function increment(uid: number | string): string {
  const metric = { thing: 'points', uid, atid: 1, aid: 1, value: 1, ts2: 5, mode: 'increment' }
  return JSON.stringify({ command: 'metric', metric })
}

function refusing(code: string, status: number): () => never {
  return () => {
    throw new ProblemError({ type: `urn:spate:problem:${code}`, title: '', status, detail: code, code })
  }
}

/** A taker on a server of its own, and all that it sent and set aside. */
function desk(seed = 1) {
  const server = new KeyedServer()
  const rejected = new Map<string, string>()
  const end = new AbortController()
  const taking = takingOf(server, new Random(seed), end.signal, rejected)
  return { server, rejected, end, taker: new Taker(taking) }
}

test('[I51] what a server refuses of a batch is set aside, and the rest is taken', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed)
    const texts = Array.from({ length: 200 }, () => anyMessage(random))
    const { server, rejected, taker } = desk(seed)
    await taker.take(NAME, itemsOf(texts))
    const { sums, rejected: expected } = expectedOf(texts)
    assert.deepEqual([...server.sums].sort(), [...sums].sort())
    assert.deepEqual(taker.account, { taken: 200 - expected, rejected: expected })
    for (const text of rejected.values()) assert.match(text, new RegExp(`"uid":${REFUSED}|^\\{"command":$`))
  }
})

test('[I51] a batch that is too large is handed over in halves', async () => {
  const { server, rejected, taker } = desk()
  const write = server.write.bind(server)
  const sizes: number[] = []
  server.write = async (writes: readonly MeterWrite[], key?: string) => {
    sizes.push(writes.length)
    if (writes.length > 3) refusing('too-large', 413)()
    return write(writes, key)
  }
  await taker.take(NAME, itemsOf(Array.from({ length: 10 }, (_, i) => increment(i))))
  assert.deepEqual(sizes, [10, 5, 2, 3, 5, 2, 3])
  assert.deepEqual([server.sums.size, rejected.size], [10, 0])
})

test('[I51] what was handed over with other messages before is set aside whole, and not in other parts', async () => {
  const { server, rejected, taker } = desk()
  await taker.take(NAME, itemsOf([increment(1), increment(2)]))
  await taker.take(NAME, itemsOf([increment(3), increment(4)]))
  assert.deepEqual([...server.sums.keys()], ['1', '2'])
  assert.equal(rejected.size, 2)
})

test('[I51] a refused token, or a place that is no server of ours, ends the feed with nothing set aside', async () => {
  for (const [code, status] of [
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['other', 410],
  ] as const) {
    const { server, rejected, taker } = desk()
    server.write = async () => refusing(code, status)()
    await assert.rejects(taker.take(NAME, itemsOf([increment(1), increment(2)])), ProblemError)
    assert.equal(rejected.size, 0)
  }
})

test('[I51] while the server is away the same is asked again, until the feed is told to end', async () => {
  const { server, end, taker } = desk()
  const asked: (string | undefined)[] = []
  server.write = async (_writes: readonly MeterWrite[], key?: string) => {
    asked.push(key)
    if (asked.length === 5) end.abort(new Error('ended'))
    throw new SpateError('unavailable', 'no answer')
  }
  await assert.rejects(taker.take(NAME, itemsOf([increment(1)])), /ended/)
  assert.deepEqual([asked.length, new Set(asked).size], [5, 1])
})
