import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogRecord, positionOf, START } from '../port.ts'
import { Tail } from './tail.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

function record(position: number, bytes = 10): LogRecord {
  return { position: positionOf(position), timeMs: 0, type: 1, body: new Uint8Array(bytes) }
}

function positions(records: readonly LogRecord[] | undefined): number[] | undefined {
  return records?.map(({ position }) => position)
}

test('[L20] memory answers for what it has whole, and for nothing else', () => {
  const tail = new Tail()
  assert.equal(tail.read('a', START, ALL), undefined)
  tail.add('a', positionOf(40), record(50))
  tail.add('b', START, record(51))
  tail.add('a', positionOf(50), record(60))
  assert.equal(tail.read('a', positionOf(39), ALL), undefined)
  assert.deepEqual(positions(tail.read('a', positionOf(40), ALL)), [50, 60])
  assert.deepEqual(positions(tail.read('a', positionOf(55), ALL)), [60])
  assert.deepEqual(positions(tail.read('a', positionOf(60), ALL)), [])
  assert.deepEqual(positions(tail.read('a', positionOf(40), { records: 1, bytes: 99 })), [50])
  assert.deepEqual(positions(tail.read('a', positionOf(40), { records: 9, bytes: 10 })), [50])
  assert.deepEqual(positions(tail.read('b', START, ALL)), [51])
})

test('[L20] memory is bounded over all streams: the oldest goes first', () => {
  const tail = new Tail()
  const bytes = 1 << 20
  for (let i = 1; i <= 100; i++)
    tail.add(i % 2 === 0 ? 'even' : 'odd', positionOf(Math.max(0, i - 2)), record(i, bytes))
  const even = positions(tail.read('even', positionOf(90), ALL))
  assert.deepEqual(even, [92, 94, 96, 98, 100])
  assert.equal(tail.read('even', positionOf(60), ALL), undefined)
  for (let after = 60; after < 100; after++) {
    const read = tail.read('odd', positionOf(after), ALL)
    if (read !== undefined) {
      const expected = Array.from({ length: 100 }, (_, i) => i + 1).filter((i) => i > after && i % 2 === 1)
      assert.deepEqual(positions(read), expected)
    }
  }
})
