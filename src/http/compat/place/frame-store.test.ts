import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../../test/support/clock.ts'
import { frameName } from './frame-name.ts'
import { FrameStore } from './frame-store.ts'

test('[S47] frames are kept for five minutes, then forgotten without anybody asking', async () => {
  const clock = new ManualClock()
  using store = new FrameStore(clock)
  store.put('a', Buffer.from('first'))
  await clock.advance(200_000)
  store.put('b', Buffer.from('second'))
  await clock.advance(99_999)
  assert.equal(store.get('a')?.toString(), 'first')
  await clock.advance(1)
  assert.deepEqual([store.get('a'), store.get('b')?.toString(), store.bytes], [undefined, 'second', 6])
  await clock.advance(200_000)
  assert.deepEqual([store.get('b'), store.bytes, clock.pending], [undefined, 0, 0])
})

test('[S47] of more bytes than there is room for, the oldest go; one that is put again is the newest', () => {
  using store = new FrameStore(new ManualClock(), 10)
  for (const name of ['a', 'b']) store.put(name, Buffer.alloc(4))
  store.put('a', Buffer.alloc(4))
  store.put('c', Buffer.alloc(4))
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => store.get(name)?.length),
    [4, undefined, 4],
  )
})

test('[S47] what was being made when the server stopped sets no timer', () => {
  const clock = new ManualClock()
  const store = new FrameStore(clock)
  store.put('a', Buffer.alloc(1))
  store[Symbol.dispose]()
  store.put('b', Buffer.alloc(1))
  assert.deepEqual([store.get('a'), store.get('b'), clock.pending], [undefined, undefined, 0])
})

test('[S47] a frame’s name tells its time, canvas and kind, and the same image has the same name', () => {
  const png = Buffer.from('png')
  const name = frameName(1648932278612, 3, 'diff', png)
  assert.match(name, /^1648932278612-3-d-[0-9A-Za-z]{8}\.png$/)
  assert.equal(frameName(1648932278612, 3, 'diff', Buffer.from('png')), name)
  assert.notEqual(frameName(1648932278612, 3, 'diff', Buffer.from('other')), name)
  assert.match(frameName(5, 0, 'full', png), /^5-0-f-/)
})
