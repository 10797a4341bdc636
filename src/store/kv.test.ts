import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { tempFolder } from '../../test/support/tmp.ts'
import { type Key, Kv, type Range, type Table } from './kv.ts'

function open(t: TestContext, path = join(tempFolder(t), 'kv')): Kv {
  const kv = Kv.open(path, 4)
  t.after(() => kv[Symbol.asyncDispose]())
  return kv
}

function put(kv: Kv, table: Table, ...entries: readonly (readonly [Key, string])[]): Promise<void> {
  return kv.commit('visible', (changes) => {
    for (const [key, value] of entries) changes.put(table, key, Buffer.from(value))
  })
}

function contents(table: Table): [Key, string][] {
  return [...table.range({})].map(({ key, value }) => [key, value.toString()])
}

test('a commit changes all its tables at once, readable when it resolves', async (t) => {
  const kv = open(t)
  const [a, b] = [kv.table('a'), kv.table('b')]
  await put(kv, a, ['x', '1'])
  const committed = kv.commit('visible', (changes) => {
    changes.put(a, 'y', Buffer.from('2'))
    changes.put(b, 'z', Buffer.from('3'))
    changes.remove(a, 'x')
  })
  assert.deepEqual([contents(a), contents(b)], [[['x', '1']], []])
  await committed
  assert.deepEqual([contents(a), contents(b)], [[['y', '2']], [['z', '3']]])
})

test('a commit whose change throws does nothing', async (t) => {
  const kv = open(t)
  const table = kv.table('a')
  const failed = kv.commit('synced', (changes) => {
    changes.put(table, 'x', Buffer.from('1'))
    throw new Error('changed my mind')
  })
  await assert.rejects(failed, { message: 'changed my mind' })
  await put(kv, table, ['y', '2'])
  assert.deepEqual(contents(table), [['y', '2']])
})

test('commits take effect in the order of their calls', async (t) => {
  const kv = open(t)
  const table = kv.table('a')
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      kv.commit(i % 2 === 0 ? 'visible' : 'synced', (changes) =>
        changes.put(table, 'x', Buffer.from(`${i}`)),
      ),
    ),
  )
  assert.deepEqual(contents(table), [['x', '49']])
})

test('what a commit put is there after the store was closed and opened', async (t) => {
  const path = join(tempFolder(t), 'kv')
  for (const durability of ['visible', 'synced'] as const) {
    const kv = Kv.open(path, 4)
    await kv.commit(durability, (changes) => changes.put(kv.table('a'), durability, Buffer.of(1)))
    await kv[Symbol.asyncDispose]()
  }
  const kv = open(t, path)
  assert.deepEqual([...kv.table('a').keys({})], ['synced', 'visible'])
})

test('closing waits for the commits under way', async (t) => {
  const path = join(tempFolder(t), 'kv')
  const kv = Kv.open(path, 4)
  const table = kv.table('a')
  const commits = Array.from({ length: 20 }, (_, i) => put(kv, table, [i, 'x']))
  await Promise.all([kv[Symbol.asyncDispose](), ...commits])
  assert.equal([...open(t, path).table('a').keys({})].length, 20)
})

test('a value read is a copy of its own', async (t) => {
  const kv = open(t)
  const table = kv.table('a')
  await put(kv, table, ['x', 'before'])
  const value = table.get('x')
  const [entry] = [...table.range({})]
  await put(kv, table, ['x', 'after!'])
  assert.deepEqual([value?.toString(), entry?.value.toString()], ['before', 'before'])
  assert.equal(table.get('y'), undefined)
})

test('keys are ordered part by part, numbers before strings; ranges are from, not to', async (t) => {
  const kv = open(t)
  const part = fc.oneof(fc.integer({ min: -1, max: 70_000 }), fc.constantFrom('a', 'a-b', 'b', 'cells'))
  // A list of one part is another key than that part, though it reads the same.
  const key = fc.oneof(part, fc.array(part, { minLength: 2, maxLength: 3 }))
  let tables = 0
  const compare = (left: Key, right: Key): number => {
    const [a, b] = [[left].flat(), [right].flat()]
    for (const [i, x] of a.entries()) {
      const y = b[i]
      if (y === undefined) return 1
      if (x === y) continue
      if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1
      return x < y ? -1 : 1
    }
    return a.length - b.length
  }
  const table = kv.table('a')
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { selector: String, maxLength: 12 }),
      key,
      key,
      async (keys, from, to) => {
        tables += 1
        const old = [...table.keys({})]
        await kv.commit('visible', (changes) => {
          for (const key of old) changes.remove(table, key)
          for (const key of keys) changes.put(table, key, Buffer.of(tables & 0xff))
        })
        const listed = (range: Range): Key[] => [...table.keys(range)]
        const sorted = keys.toSorted(compare)
        assert.deepEqual(listed({}), sorted)
        const up = sorted.filter((key) => compare(key, from) >= 0 && compare(key, to) < 0)
        assert.deepEqual(listed({ start: from, end: to }), up)
        const down = sorted.filter((key) => compare(key, from) <= 0 && compare(key, to) > 0).toReversed()
        assert.deepEqual(listed({ start: from, end: to, reverse: true }), down)
        assert.deepEqual(listed({ start: from, end: to, reverse: true, limit: 1 }), down.slice(0, 1))
      },
    ),
    { numRuns: 60 },
  )
})

test('a store that cannot be opened says so', () => {
  assert.throws(() => Kv.open('/dev/null/kv', 4), { code: 'storage-failed', retryable: true })
})
