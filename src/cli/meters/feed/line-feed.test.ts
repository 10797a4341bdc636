import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  anyMessage,
  Crash,
  expectedOf,
  KeyedServer,
  mishaps,
  takingOf,
} from '../../../../test/support/feeding.ts'
import { Random } from '../../../base/random.ts'
import { type Bookmark, newPlace, type Place } from './bookmark.ts'
import { feedLines } from './line-feed.ts'
import { linesOf } from './lines.ts'
import { Taker } from './taking.ts'

class MemoryBookmark implements Bookmark {
  place: Place = newPlace()
  mishap: () => void = () => {}

  async read(): Promise<Place> {
    return this.place
  }

  async write(place: Place): Promise<void> {
    this.mishap()
    this.place = place
    this.mishap()
  }
}

async function* pieces(text: string, random: Random): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    const size = random.pick([1, 60, 700, 4000])
    yield bytes.subarray(at, at + size)
    at += size
    await Promise.resolve()
  }
}

test('[I52] however often a feed of lines is killed, every line counts once, and what cannot be taken is told', async () => {
  let crashes = 0
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed)
    const texts = Array.from({ length: random.between(1, 300) }, () => anyMessage(random))
    const server = new KeyedServer()
    const bookmark = new MemoryBookmark()
    const rejected = new Map<string, string>()
    const mishap = mishaps(random, 0.04)
    server.mishap = mishap
    bookmark.mishap = () => {
      if (random.chance(0.04)) throw new Crash('killed')
    }
    for (let isDone = false; !isDone; ) {
      const { signal } = new AbortController()
      const taking = takingOf(server, random, signal, rejected)
      try {
        const input = pieces(`${texts.join('\n')}\n`, random)
        const batch = random.pick([1, 7, 50])
        await feedLines(new Taker(taking), { input, bookmark, reject: taking.reject, batch, signal })
        isDone = true
      } catch (error) {
        if (!(error instanceof Crash)) throw error
        crashes += 1
      }
    }
    const { sums, rejected: expected } = expectedOf(texts)
    assert.deepEqual([...server.sums].sort(), [...sums].sort(), `seed ${seed}`)
    assert.equal(rejected.size, expected, `seed ${seed}`)
  }
  assert.ok(crashes > 100, `${crashes} crashes`)
})

test('[I52] an input that is another than the bookmark’s is not fed', async () => {
  const random = new Random(1)
  const server = new KeyedServer()
  const bookmark = new MemoryBookmark()
  const rejected = new Map<string, string>()
  const { signal } = new AbortController()
  const taking = takingOf(server, random, signal, rejected)
  const feed = (lines: readonly string[]) =>
    feedLines(new Taker(taking), {
      input: pieces(lines.join('\n'), random),
      bookmark,
      reject: taking.reject,
      batch: 10,
      signal,
    })
  await feed(['a', 'b', 'c'])
  await assert.rejects(feed(['a', 'b', 'x', 'd']), /another than the one that the bookmark is of/)
  await assert.rejects(feed(['a']), /another than/)
  await feed(['a', 'b', 'c', 'd'])
  assert.deepEqual([...rejected.values()], ['a', 'b', 'c', 'd'])
})

test('[I52] lines end with any line end, and one that is too long is passed over', async () => {
  const random = new Random(5)
  const long = 'x'.repeat(5000)
  for (let i = 0; i < 20; i++) {
    const lines = (
      await Array.fromAsync(linesOf(pieces(`a\r\n\n${long}\nb\n${long}\nc`, random), 4999))
    ).flat()
    assert.deepEqual(
      lines.map(({ number, text }) => [number, text]),
      [
        [1, 'a'],
        [2, ''],
        [3, undefined],
        [4, 'b'],
        [5, undefined],
        [6, 'c'],
      ],
    )
  }
})
