import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { tempFolder } from '../../../test/support/tmp.ts'
import { PIECE_BYTES } from './bodies.ts'
import { MAX_OBJECT_BYTES, type ObjectEntry, type ObjectStore } from './port.ts'

/** Opens an empty store; it is disposed of with the test. */
export type OpenObjects = (t: TestContext) => Promise<ObjectStore>

/** More than S3 gives in a page. */
const MANY = 1005
const AT_ONCE = 16

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes in which every place differs from those near it and from those one piece on. */
export function largeBody(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1)
  return new Uint8Array(words.buffer, 0, length)
}

export async function textOf(store: ObjectStore, key: string): Promise<string> {
  return new TextDecoder().decode(await store.get(key))
}

export async function listed(store: ObjectStore, prefix: string): Promise<ObjectEntry[]> {
  return Array.fromAsync(store.list(prefix))
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await listed(store, prefix)).map(({ key }) => key)
}

function hasSameBytes(actual: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(actual, expected) === 0
}

/** The rules every adapter keeps, T1 to T9 of SPEC.md. */
export function describeObjects(name: string, { skip }: { skip: string | false }, open: OpenObjects): void {
  describe(`objects: ${name}`, { skip }, () => {
    for (const [size, length] of [
      ['empty', 0],
      ['small', 5],
      ['as large as a piece', PIECE_BYTES],
      ['of several pieces', 2 * PIECE_BYTES + 3],
    ] as const) {
      it(`[T1] an object that is ${size} is got as it was put`, async (t) => {
        const store = await open(t)
        const body = largeBody(length)
        await store.put('a/b.bin', body)
        assert.ok(hasSameBytes(await store.get('a/b.bin'), body))
        assert.deepEqual(await store.head('a/b.bin'), { key: 'a/b.bin', bytes: length })
      })
    }

    it('[T1] a file is put as its bytes are', async (t) => {
      const store = await open(t)
      const file = join(tempFolder(t), 'body')
      const body = largeBody(PIECE_BYTES + 1)
      writeFileSync(file, body)
      await store.put('a', { file })
      assert.ok(hasSameBytes(await store.get('a'), body))
      await store.put('a', body)
      await store.put('a', { file })
    })

    it('[T2] the same bytes again change nothing', async (t) => {
      const store = await open(t)
      for (const body of [bytesOf('once'), bytesOf(''), largeBody(PIECE_BYTES + 7)]) {
        const key = `of-${body.length}`
        await store.put(key, body)
        await store.put(key, body.slice())
        assert.ok(hasSameBytes(await store.get(key), body))
      }
    })

    it('[T3] other bytes are refused, and the first stay', async (t) => {
      const store = await open(t)
      const refusal = { code: 'conflict', retryable: false }
      await store.put('a', bytesOf('first'))
      await assert.rejects(store.put('a', bytesOf('other')), refusal)
      await assert.rejects(store.put('a', bytesOf('first and more')), refusal)
      await assert.rejects(store.put('a', bytesOf('')), refusal)
      assert.equal(await textOf(store, 'a'), 'first')

      const large = largeBody(PIECE_BYTES + 7)
      await store.put('large', large)
      const other = large.slice()
      other[PIECE_BYTES + 6]! ^= 1
      await assert.rejects(store.put('large', other), refusal)
      await assert.rejects(store.put('large', bytesOf('small')), refusal)
      assert.ok(hasSameBytes(await store.get('large'), large))
    })

    for (const [size, length] of [
      ['small', 100],
      ['large', PIECE_BYTES + 1],
    ] as const) {
      it(`[T4] of puts of different ${size} bytes at once exactly one succeeds`, async (t) => {
        const store = await open(t)
        const bodies = [1, 2, 3, 4].map((value) => new Uint8Array(length).fill(value))
        const puts = await Promise.allSettled(bodies.map((body) => store.put('a', body)))
        assert.deepEqual(puts.map((put) => (put.status === 'fulfilled' ? 'ok' : put.reason.code)).sort(), [
          'conflict',
          'conflict',
          'conflict',
          'ok',
        ])
        const winner = bodies[puts.findIndex(({ status }) => status === 'fulfilled')] ?? bytesOf('')
        assert.ok(hasSameBytes(await store.get('a'), winner))
      })
    }

    it('[T4] puts of the same bytes at once all succeed', async (t) => {
      const store = await open(t)
      await Promise.all([1, 2, 3, 4].map(() => store.put('deep/in/it', bytesOf('same'))))
      assert.equal(await textOf(store, 'deep/in/it'), 'same')
    })

    it('[T5] a range gives what there is of it', async (t) => {
      const store = await open(t)
      await store.put('a', bytesOf('0123456789'))
      const range = async (start: number, length: number) =>
        new TextDecoder().decode(await store.range('a', start, length))
      assert.equal(await range(0, 3), '012')
      assert.equal(await range(4, 2), '45')
      assert.equal(await range(8, 2), '89')
      assert.equal(await range(8, 5), '89')
      assert.equal(await range(0, MAX_OBJECT_BYTES), '0123456789')
      assert.equal(await range(3, 0), '')
      assert.equal(await range(10, 5), '')
      assert.equal(await range(1e9, 5), '')
      await store.put('empty', bytesOf(''))
      assert.equal((await store.range('empty', 0, 5)).length, 0)
      for (const [start, length] of [
        [-1, 5],
        [0, -1],
        [0.5, 1],
        [0, Number.NaN],
        [0, MAX_OBJECT_BYTES + 1],
      ] as const) {
        await assert.rejects(store.range('a', start, length), { code: 'invalid' })
      }
    })

    it('[T6] a list gives what begins with the prefix, in the order of the keys', async (t) => {
      const store = await open(t)
      const keys = ['a', 'a-b/c', 'a.b', 'ab/c/d', 'ab/c-d', 'ab/c0', 'ab/cd/e', 'b/c', 'b0']
      for (const key of keys.toReversed()) await store.put(key, bytesOf(key))
      const sorted = [...keys].sort()
      assert.deepEqual(
        await listed(store, ''),
        sorted.map((key) => ({ key, bytes: key.length })),
      )
      for (const prefix of [
        'a',
        'ab',
        'ab/',
        'ab/c',
        'ab/c/',
        'ab/c-',
        'b',
        'b/',
        'b/c',
        'b/cd',
        'c',
        'c/d/',
      ]) {
        assert.deepEqual(
          await keysOf(store, prefix),
          sorted.filter((key) => key.startsWith(prefix)),
          prefix,
        )
      }
    })

    it('[T6] a list of many is whole and in order', async (t) => {
      const store = await open(t)
      const keys = Array.from({ length: MANY }, (_, i) => `many/of/${i}`)
      const waiting = [...keys]
      const putNext = async (): Promise<void> => {
        for (let key = waiting.pop(); key !== undefined; key = waiting.pop())
          await store.put(key, bytesOf(key))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, putNext))
      assert.deepEqual(await keysOf(store, 'many/'), keys.sort())
      const firsts: string[] = []
      for await (const { key } of store.list('many/of/9')) if (firsts.push(key) === 3) break
      assert.deepEqual(firsts, ['many/of/9', 'many/of/90', 'many/of/900'])
    })

    it('[T7] what is not there is said to be absent', async (t) => {
      const store = await open(t)
      await store.put('a/b', bytesOf('there'))
      for (const key of ['none', 'a', 'a/c', 'a/b/c']) {
        await assert.rejects(store.get(key), { code: 'not-found', retryable: false }, key)
        await assert.rejects(store.range(key, 0, 1), { code: 'not-found' }, key)
        await assert.rejects(store.range(key, 0, 0), { code: 'not-found' }, key)
        assert.equal(await store.head(key), undefined, key)
        await store.delete(key)
      }
      assert.deepEqual(await keysOf(store, ''), ['a/b'])
    })

    it('[T7] a deleted object is gone, and its key free for other bytes', async (t) => {
      const store = await open(t)
      await store.put('a/b', bytesOf('first'))
      await store.put('a/c', bytesOf('stays'))
      await store.delete('a/b')
      await assert.rejects(store.get('a/b'), { code: 'not-found' })
      assert.deepEqual(await keysOf(store, ''), ['a/c'])
      await store.put('a/b', bytesOf('other'))
      assert.equal(await textOf(store, 'a/b'), 'other')
    })

    it('[T8] what is no key or prefix is refused, and nothing happens', async (t) => {
      const store = await open(t)
      const noKeys = [
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        'a/../b',
        '.a',
        'a/.b',
        '-a',
        'A',
        'a b',
        'ä',
        'a\\b',
      ]
      const tooLong = ['a'.repeat(201), `${'a/'.repeat(256)}a`]
      const invalid = { code: 'invalid', retryable: false }
      for (const key of [...noKeys, ...tooLong, 'a%2fb', 'a\0', 'a\n']) {
        await assert.rejects(store.put(key, bytesOf('x')), invalid, key)
        await assert.rejects(store.get(key), invalid, key)
        await assert.rejects(store.range(key, 0, 1), invalid, key)
        await assert.rejects(store.head(key), invalid, key)
        await assert.rejects(store.delete(key), invalid, key)
        if (key !== '' && key !== 'a/') await assert.rejects(listed(store, key), invalid, key)
      }
      assert.deepEqual(await keysOf(store, ''), [])
      const longest = `${'a'.repeat(200)}/${'b'.repeat(200)}/${'c'.repeat(110)}`
      assert.equal(longest.length, 512)
      await store.put(longest, bytesOf('x'))
      assert.deepEqual(await keysOf(store, longest), [longest])
    })

    it('[T9] a body that cannot be read or is too large is refused, and nothing is to be seen of it', async (t) => {
      const store = await open(t)
      const folder = tempFolder(t)
      await assert.rejects(store.put('a', { file: join(folder, 'none') }), { code: 'invalid' })
      await assert.rejects(store.put('a', { file: folder }), { code: 'invalid' })
      const file = join(folder, 'sparse')
      writeFileSync(file, '')
      truncateSync(file, MAX_OBJECT_BYTES + 1)
      await assert.rejects(store.put('a', { file }), { code: 'too-large' })
      assert.equal(await store.head('a'), undefined)
      assert.deepEqual(await keysOf(store, ''), [])
    })
  })
}
