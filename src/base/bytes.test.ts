import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from './bytes.ts'

const item = fc.oneof(
  fc.record({ as: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ as: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ as: fc.constant('u32' as const), value: fc.nat(0xffffffff) }),
  fc.record({ as: fc.constant('f64' as const), value: fc.double() }),
  fc.record({ as: fc.constant('text' as const), value: fc.string({ unit: 'grapheme' }) }),
)

test('what was written is read back, whatever the first size', () => {
  fc.assert(
    fc.property(fc.array(item), fc.nat(40), fc.nat(7), (items, initialBytes, offset) => {
      const writer = new ByteWriter(initialBytes)
      // The union of calls is not callable as one.
      for (const { as, value } of items) (writer[as] as (value: string | number) => void).call(writer, value)
      const bytes = writer.finish()
      assert.equal(bytes.length, writer.length)
      const moved = new Uint8Array(bytes.length + offset)
      moved.set(bytes, offset)
      const reader = new ByteReader(moved.subarray(offset))
      for (const { as, value } of items) assert.deepEqual(reader[as](), value)
      assert.equal(reader.remaining, 0)
      assert.throws(() => reader.u8(), RangeError)
    }),
  )
})

test('columns are read back as copies, at any alignment', () => {
  const u32s = Uint32Array.of(0, 1, 0xffffffff)
  const u16s = Uint16Array.of(7, 0xffff)
  const f64s = Float64Array.of(0.1, -0, Number.POSITIVE_INFINITY)
  const i32s = Int32Array.of(-1, 2 ** 31 - 1, -(2 ** 31))
  const bytes = new ByteWriter(1).u8(9).column(u32s).column(u16s).column(f64s).column(i32s).finish()
  const reader = new ByteReader(bytes)
  reader.u8()
  const read = [reader.u32s(3), reader.u16s(2), reader.f64s(3), reader.i32s(3)]
  bytes.fill(0)
  assert.deepEqual(read, [u32s, u16s, f64s, i32s])
})

test('a column that is a part of its memory is written as that part', () => {
  const whole = Uint16Array.of(1, 2, 3, 4)
  assert.deepEqual([...new ByteWriter(1).column(whole.subarray(1, 3)).finish()], [2, 0, 3, 0])
})

test('numbers are little-endian', () => {
  const bytes = new ByteWriter().u16(0x0102).u32(0x01020304).f64(1).finish()
  assert.deepEqual([...bytes], [2, 1, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
})

test('reading past the end, or by a negative count, is a RangeError, and reads nothing', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3))
  for (const read of [
    () => reader.u32(),
    () => reader.f64(),
    () => reader.bytes(4),
    () => reader.u16s(2),
    () => reader.bytes(-1),
  ]) {
    assert.throws(read, RangeError)
  }
  assert.equal(reader.remaining, 3)
})

test('what is read as a whole leaves no byte', () => {
  const bytes = Uint8Array.of(1, 2)
  assert.equal(
    new ByteReader(bytes).whole((reader) => reader.u16()),
    513,
  )
  assert.throws(() => new ByteReader(bytes).whole((reader) => reader.u8()), /1 bytes too many/)
})

test('text that is not UTF-8 is refused', () => {
  const bytes = new ByteWriter().u32(2).bytes(Uint8Array.of(0xc3, 0x28)).finish()
  assert.throws(() => new ByteReader(bytes).text(), TypeError)
})
