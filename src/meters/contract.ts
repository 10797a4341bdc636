import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../base/errors.ts'
import { Random } from '../base/random.ts'
import { positionOf } from '../log/port.ts'
import { Amounts } from './amounts.ts'
import { type Change, EVERYTHING, type Fact, type MeterStore, type Sheet } from './port.ts'
import { type Horizons, isExact, NOTHING_EXPIRED } from './retention.ts'

/** An empty store that goes with the test. */
export type OpenStore = (t: TestContext) => Promise<MeterStore>

/** Opens stores in a new, empty place that goes with the test; the same space is the same store. */
export type Place = (t: TestContext) => Promise<(space?: string) => Promise<MeterStore>>

const SHEET = 4
const SERIES = 5
const T0 = 1_458_061_005
const DAY = 86_400

type Entry = readonly [row: number, second: number, amount: number | bigint]

class Committer {
  readonly #store: MeterStore
  #next = 1

  constructor(store: MeterStore) {
    this.#store = store
  }

  async commit(
    entries: readonly Entry[],
    { horizons = NOTHING_EXPIRED, facts = {}, timeMs = 0, sheet = SHEET }: CommitOptions = {},
  ): Promise<Change> {
    const amounts = new Amounts()
    for (const [row, second, amount] of entries) amounts.add(row, second, amount)
    const change: Change = {
      origin: '',
      after: this.#store.position,
      position: positionOf(this.#next++),
      timeMs,
      facts: new Map(Object.entries(facts)),
      amounts: new Map([[sheet, amounts]]),
      horizons: new Map([[sheet, horizons]]),
    }
    await this.#store.commit(change)
    return change
  }
}

interface CommitOptions {
  readonly horizons?: Horizons
  readonly facts?: Record<string, Fact>
  readonly timeMs?: number
  readonly sheet?: Sheet
}

function sumOf(entries: readonly Entry[], row: number, from: number, end: number): bigint {
  return entries
    .filter(([own, second]) => (row === EVERYTHING || own === row) && second >= from && second < end)
    .reduce((sum, [, , amount]) => sum + BigInt(amount), 0n)
}

/** Rows that do much at once, and some over years. */
function someEntries(random: Random, count: number, rows: number): Entry[] {
  return Array.from({ length: count }, (): Entry => {
    const spread = random.pick([100, 5000, 3 * DAY, 900 * DAY])
    const second = T0 + random.between(-spread, spread)
    return [random.between(1, rows), second, random.between(-1000, 1000)]
  })
}

/** The rules every store of meters keeps, M22 of SPEC.md. */
export function describeMeterStore(
  name: string,
  place: Place,
  { skip }: { skip: string | false } = { skip: false },
): void {
  const open: OpenStore = async (t) => (await place(t))()
  describe(`meters: ${name}`, { skip }, () => {
    it('[M22] a commit that does not go on from where the store is changes nothing', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const change = await committer.commit([[1, T0, 5]], { facts: { a: { value: Uint8Array.of(1) } } })
      const before = await store.digest()
      await assert.rejects(
        store.commit({ ...change }),
        (error) => error instanceof SpateError && error.code === 'conflict',
      )
      assert.equal(await store.digest(), before)
      assert.equal(await store.sum(SHEET, 1, 0, T0 + 1), 5n)
      assert.equal(store.position, 1)
    })

    it('[M22] of two that have a store open, one goes on and the other is refused until it looks again', async (t) => {
      const opened = await place(t)
      const [one, other] = [await opened(), await opened()]
      const sizes = [3000, 1]
      for (let round = 0; round < 8; round++) {
        await Promise.all([one.refresh(), other.refresh()])
        assert.equal(one.position, round)
        assert.equal(other.position, round)
        assert.equal(other.timeMs, round * 10)
        const results = await Promise.allSettled(
          [one, other].map((store, i) => {
            const amounts = new Amounts()
            const size = sizes[(round + i) % 2] ?? 0
            for (let k = 0; k < size; k++) amounts.add(i + 1, T0 + k, 1)
            amounts.add(3, T0, 1)
            return store.commit({
              origin: '',
              after: store.position,
              position: positionOf(round + 1),
              timeMs: (round + 1) * 10,
              facts: new Map([[`by/${round}`, { value: Uint8Array.of(i) }]]),
              amounts: new Map([[SHEET, amounts]]),
              horizons: new Map(),
            })
          }),
        )
        const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
        assert.deepEqual(
          refused.map((error) => error instanceof SpateError && error.code),
          ['conflict'],
        )
        assert.equal(await one.sum(SHEET, 3, T0, T0 + 1), BigInt(round + 1))
        const winner = (await one.facts([`by/${round}`]))[0]?.[0]
        assert.equal(
          results.findIndex(({ status }) => status === 'fulfilled'),
          winner,
        )
      }
      const sums = await Promise.all([1, 2, 3].map((row) => one.sum(SHEET, row, 0, T0 + 5000)))
      assert.equal(
        await other.sum(SHEET, EVERYTHING, 0, T0 + 5000),
        sums.reduce((a, b) => a + b),
      )
    })

    it('[M12] [M22] a store says of which log its last commit was', async (t) => {
      const opened = await place(t)
      const [store, other] = [await opened(), await opened()]
      assert.equal(store.origin, '')
      const none = { facts: new Map(), amounts: new Map(), horizons: new Map(), timeMs: 0 }
      await store.commit({ ...none, origin: 'a-log', after: store.position, position: positionOf(1) })
      await other.refresh()
      assert.deepEqual([store.origin, other.origin, (await opened()).origin], ['a-log', 'a-log', 'a-log'])
      await store.clear()
      assert.equal(store.origin, '')
    })

    it('[M22] spaces do not mix, hold the same bytes, and are cleared alone', async (t) => {
      const opened = await place(t)
      const entries = someEntries(new Random(4), 2000, 30)
      const facts = {
        a: { value: Uint8Array.of(1) },
        's/c': { value: Uint8Array.of(3) },
        b: { value: Uint8Array.of(2), untilMs: 100 },
      }
      const digests: string[] = []
      const spaces = ['board/1', 'board/10', 'meters', 'board/2']
      for (const space of spaces) {
        const store = await opened(space)
        await new Committer(store).commit(entries, { facts, timeMs: 50 })
        digests.push(await store.digest())
      }
      assert.equal(new Set(digests).size, 1)
      const cleared = await opened('board/1')
      const before = cleared.position
      await cleared.clear()
      assert.deepEqual([before, cleared.position, cleared.timeMs], [1, 0, 0])
      assert.deepEqual(await cleared.facts(['a']), [undefined])
      assert.deepEqual(await cleared.list('s/', 9), [])
      assert.equal(await cleared.sum(SHEET, 1, 0, T0 * 2), 0n)
      assert.equal(
        (await cleared.tally(SHEET, 30, 0, T0 * 2)).last.some((last) => last > 0),
        false,
      )
      await new Committer(await opened('meters')).commit([], { timeMs: 60 })
      for (const space of ['board/10', 'board/2']) {
        assert.equal(await (await opened(space)).digest(), digests[0])
      }
      await new Committer(cleared).commit(entries, { facts, timeMs: 50 })
      assert.equal(await (await opened('board/1')).digest(), digests[0])
    })

    it('[M22] a fact may be named and hold anything', async (t) => {
      const anyName = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
      const store = await open(t)
      const committer = new Committer(store)
      const model = new Map<string, Uint8Array>()
      await fc.assert(
        fc.asyncProperty(fc.dictionary(anyName, fc.uint8Array()), async (own) => {
          const facts = Object.entries(own).map(([key, value]) => [`s/${key}`, value] as const)
          await committer.commit([], {
            facts: Object.fromEntries(facts.map(([key, value]) => [key, { value }])),
          })
          for (const [key, value] of facts) model.set(key, value)
          const read = await store.facts(facts.map(([key]) => key))
          assert.deepEqual(
            read.map((bytes) => bytes && [...bytes]),
            facts.map(([, value]) => [...value]),
          )
        }),
        { numRuns: 50 },
      )
      const inOrder = (keys: Iterable<string>): string[] =>
        [...keys]
          .map((key) => Buffer.from(key))
          .sort(Buffer.compare)
          .map(String)
      const listed = await store.list('s/', 1e6)
      assert.deepEqual(
        listed.map(({ key }) => key),
        inOrder(model.keys()),
      )
      const [x, slash, first] = listed[Math.floor(listed.length / 2)]?.key ?? ''
      const prefix = `${x}${slash}${first}`
      assert.deepEqual(
        (await store.list(prefix, 1e6)).map(({ key, value }) => [key, ...value]),
        listed.filter(({ key }) => key.startsWith(prefix)).map(({ key, value }) => [key, ...value]),
      )
    })

    it('[M22] facts are read as they were put, listed by prefix in order, and removed', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      const value = (byte: number) => ({ value: Uint8Array.of(byte) })
      await committer.commit([], { facts: { 's/2': value(2), 's/1': value(1), b: { value: bytes } } })
      const [b, missing] = await store.facts(['b', 'c'])
      assert.deepEqual([...(b ?? [])], [...bytes])
      assert.equal(missing, undefined)
      const listed = (await store.list('s/', 9)).map(({ key, value: own }) => [key, ...own])
      assert.deepEqual(listed, [
        ['s/1', 1],
        ['s/2', 2],
      ])
      assert.equal((await store.list('s/', 1)).length, 1)
      await committer.commit([], { facts: { 's/1': { value: null } } })
      assert.deepEqual(
        (await store.list('s/', 9)).map(({ key }) => key),
        ['s/2'],
      )
    })

    it('[M22] a fact with an end is gone with the first commit after it, unless it was put anew', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const fact = (untilMs: number): Fact => ({ value: Uint8Array.of(1), untilMs })
      await committer.commit([], { facts: { a: fact(100), b: fact(100), c: fact(200) }, timeMs: 50 })
      await committer.commit([], { timeMs: 100 })
      assert.equal((await store.facts(['a']))[0]?.length, 1)
      await committer.commit([], { facts: { b: fact(300) }, timeMs: 101 })
      assert.deepEqual(
        (await store.facts(['a', 'b', 'c'])).map((each) => each?.length),
        [undefined, 1, 1],
      )
      await committer.commit([], { timeMs: 250 })
      assert.deepEqual(
        (await store.facts(['a', 'b', 'c'])).map((each) => each?.length),
        [undefined, 1, undefined],
      )
    })

    it('[M22] a fact that is put again for longer stays as long', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const value = Uint8Array.of(1)
      await committer.commit([], { facts: { a: { value, untilMs: 100 }, b: { value, untilMs: 100 } } })
      await committer.commit([], { facts: { a: { value, untilMs: 200 }, b: { value } }, timeMs: 50 })
      await committer.commit([], { timeMs: 150 })
      assert.deepEqual(await store.facts(['a', 'b']), [Buffer.from(value), Buffer.from(value)])
      await committer.commit([], { timeMs: 250 })
      assert.deepEqual(await store.facts(['a', 'b']), [undefined, Buffer.from(value)])
    })

    it('[M22] sums and tallies are those of all amounts, over any range', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const random = new Random(1)
      const entries = someEntries(random, 2500, 5)
      for (let at = 0; at < entries.length; ) {
        const size = random.pick([1, 30, 700])
        await committer.commit(entries.slice(at, at + size))
        at += size
      }
      for (let i = 0; i < 400; i++) {
        const spread = random.pick([60, 4000, 2 * DAY, 1000 * DAY])
        const from = T0 + random.between(-spread, spread)
        const end = from + random.between(0, 2 * spread)
        const row = random.between(0, 6)
        assert.equal(await store.sum(SHEET, row, from, end), sumOf(entries, row, from, end))
        if (i % 10 > 0) continue
        const { sums, last } = await store.tally(SHEET, 6, from, end)
        for (let each = 1; each <= 6; each++) {
          const own = entries.filter(([of, second]) => of === each && second >= from && second < end)
          assert.equal(BigInt(sums[each] ?? 0), sumOf(own, each, from, end))
          assert.equal(last[each], Math.max(0, ...own.map(([, second]) => second + 1)))
        }
      }
      const cuts = Array.from({ length: 200 }, (_, i) => T0 - 5000 + i * 47)
      assert.deepEqual(
        await store.sums(SHEET, 2, cuts),
        cuts.slice(1).map((end, i) => sumOf(entries, 2, cuts[i] ?? 0, end)),
      )
    })

    it('[M22] the same amounts make the same bytes, in whatever commits they came', async (t) => {
      const random = new Random(2)
      const entries = [...someEntries(random, 1500, 3), ...someEntries(random, 300, 20)]
      const last: CommitOptions = { horizons: [T0 - 60, T0 - 3600, T0 - DAY, 0, 0, 0] }
      const digests = new Set<string>()
      const sizes = [entries.length, 400, 37]
      for (const size of sizes) {
        const store = await open(t)
        const committer = new Committer(store)
        const order = size === 37 ? entries.toReversed() : entries
        for (let at = 0; at < order.length; at += size)
          await committer.commit(order.slice(at, at + size), last)
        // The position is stored, too: as many commits for all.
        while (store.position < 100) await committer.commit([], last)
        digests.add(await store.digest())
      }
      assert.equal(digests.size, 1)
    })

    it('[M22] sums are exact up to 2^63', async (t) => {
      const most = 2n ** 63n - 1n
      const anyAmount = fc.bigInt({ min: -(2n ** 59n), max: 2n ** 59n })
      const small = fc.integer({ min: -3, max: 3 })
      const anyEntry = fc.tuple(
        fc.constantFrom(1, 2),
        fc.integer({ min: T0, max: T0 + 200 }),
        fc.oneof(anyAmount, small),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(anyEntry, { maxLength: 15 }), async (entries) => {
          const store = await open(t)
          const committer = new Committer(store)
          for (const half of [entries.slice(0, 7), entries.slice(7)]) await committer.commit(half)
          for (const [from, end] of [
            [T0, T0 + 201],
            [T0 + 50, T0 + 120],
          ] as const) {
            for (const row of [0, 1, 2]) {
              assert.equal(await store.sum(SHEET, row, from, end), sumOf(entries, row, from, end))
            }
            const { sums } = await store.tally(SHEET, 2, from, end)
            for (const row of [1, 2]) assert.equal(BigInt(sums[row] ?? 0), sumOf(entries, row, from, end))
          }
        }),
        { numRuns: 20 },
      )
      const store = await open(t)
      await new Committer(store).commit([[1, T0, most]])
      assert.equal(await store.sum(SHEET, 1, T0, T0 + 1), most)
      assert.equal(BigInt((await store.tally(SHEET, 1, T0, T0 + 1)).sums[1] ?? 0), most)
    })

    it('[M22] many rows in one bucket are all there, before and after their bucket is cut up', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const rows = 20_000
      const all = Array.from({ length: rows }, (_, i): Entry => [i + 1, T0 + (i % 7), i % 300])
      for (const [from, to] of [
        [0, 5000],
        [5000, 8192],
        [8192, 8193],
        [8193, rows],
        [100, 300],
      ] as const) {
        await committer.commit(all.slice(from, to))
      }
      const { sums, last } = await store.tally(SHEET, rows, T0, T0 + 7)
      for (const known of [1, 4096, 9000]) {
        const part = await store.tally(SHEET, known, T0, T0 + 7)
        assert.deepEqual([part.sums, part.last], [sums.slice(0, known + 1), last.slice(0, known + 1)])
      }
      const twice = (i: number): number => (i >= 100 && i < 300 ? 2 : 1)
      assert.deepEqual(
        [...sums].slice(1).map(Number),
        all.map(([, , amount], i) => Number(amount) * twice(i)),
      )
      assert.deepEqual(
        [...last].slice(1),
        all.map(([, second]) => second + 1),
      )
      assert.equal(
        await store.sum(SHEET, EVERYTHING, T0, T0 + 7),
        sumOf([...all, ...all.slice(100, 300)], 0, 0, 2 ** 32),
      )
    })

    it('[M22] sheets do not mix, and only the entities are summed up together', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      await committer.commit([[1, T0, 5]])
      await committer.commit([[1, T0, 7]], { sheet: SERIES })
      assert.equal(await store.sum(SHEET, 1, T0, T0 + 1), 5n)
      assert.equal(await store.sum(SERIES, 1, T0, T0 + 1), 7n)
      assert.equal(await store.sum(SHEET, EVERYTHING, T0, T0 + 1), 5n)
    })

    it('[M22] what expires goes, and every range that is still exact sums up as before', async (t) => {
      const store = await open(t)
      const committer = new Committer(store)
      const random = new Random(3)
      const entries = someEntries(random, 3000, 4)
      await committer.commit(entries)
      const horizons = [T0 - (T0 % 60), T0 - (T0 % 3600), T0 - (T0 % DAY) - DAY, 0, 0, 0]
      await committer.commit([], { horizons })
      const late = someEntries(random, 300, 4)
      await committer.commit(late, { horizons })
      const all = [...entries, ...late]
      let exact = 0
      for (let i = 0; i < 2000; i++) {
        const spread = random.pick([60, 4000, 2 * DAY, 1000 * DAY])
        const unit = random.pick([1, 60, 3600, DAY])
        const from = Math.ceil((T0 + random.between(-spread, spread)) / unit) * unit
        const end = from + unit * random.between(1, 40)
        if (!isExact(horizons, from, end)) continue
        exact += 1
        const row = random.between(0, 4)
        assert.equal(await store.sum(SHEET, row, from, end), sumOf(all, row, from, end))
        const { sums } = await store.tally(SHEET, 4, from, end)
        if (row > 0) assert.equal(BigInt(sums[row] ?? 0), sumOf(all, row, from, end))
      }
      assert.ok(exact > 300, `${exact} exact ranges`)
    })
  })
}
