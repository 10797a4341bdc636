import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyRun, plain } from '../../test/support/archive.ts'
import { painted, placed } from '../../test/support/boards.ts'
import { SpateError } from '../base/errors.ts'
import { encodeBody, MAX_CELLS_A_RECORD } from '../boards/canvas/codec.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { type LogRecord, MAX_BODY_BYTES, positionOf } from '../log/port.ts'
import { type BlockSpan, decodeBlock, MAX_BLOCK_PLACEMENTS } from './block.ts'
import { Shape, shapeOf } from './bodies.ts'
import { decodeHeader, readBlock } from './segment.ts'
import { type Segment, SegmentWriter } from './segment-writer.ts'

async function segmentOf(records: readonly LogRecord[], writer = new SegmentWriter()): Promise<Segment> {
  for (const record of records) await writer.add(record)
  return writer.finish('board/a')
}

function recordsOf(bytes: Uint8Array): LogRecord[] {
  return decodeHeader(bytes).blocks.flatMap((block) =>
    readBlock(block, bytes.subarray(block.offset, block.offset + block.bytes)),
  )
}

test('[A1] any records come out of a segment as they went in: positions, times, types and every byte', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (records) => {
      const segment = await segmentOf(records)
      assert.deepEqual(plain(recordsOf(segment.bytes)), plain(records))
      assert.equal(segment.sha256, createHash('sha256').update(segment.bytes).digest('hex'))
      assert.equal(segment.records, records.length)
      assert.deepEqual([segment.first, segment.last], [records[0]?.position, records.at(-1)?.position])
      assert.equal(segment.latestMs, Math.max(...records.map(({ timeMs }) => timeMs)))
    }),
    { numRuns: 60 },
  )
})

test('[A1] wherever a run is cut, its segments hold the same records', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, fc.nat(), async (records, cut) => {
      const at = 1 + (cut % records.length)
      const [before, after] = [records.slice(0, at), records.slice(at)]
      const segments = [await segmentOf(before), ...(after.length > 0 ? [await segmentOf(after)] : [])]
      assert.deepEqual(plain(segments.flatMap(({ bytes }) => recordsOf(bytes))), plain(records))
    }),
    { numRuns: 30 },
  )
})

test('[A3] the same records make the same bytes, also with a writer that made others before', async () => {
  const used = new SegmentWriter()
  await fc.assert(
    fc.asyncProperty(anyRun, async (records) => {
      const [one, other] = [await segmentOf(records), await segmentOf(records, used)]
      assert.ok(Buffer.from(one.bytes).equals(other.bytes))
    }),
    { numRuns: 30 },
  )
})

/** Placed records of `count` cells each. */
function crowd(records: number, count: number): LogRecord[] {
  return Array.from({ length: records }, (_, i) => {
    const cells = Array.from({ length: count }, (_, k) => {
      const n = Math.imul(i * count + k + 1, 2_654_435_761) >>> 0
      return [n % 5000, (n >>> 8) % 2000, (n >>> 12) % 2000, n % 16] as const
    })
    const body = encodeBody({ type: RecordType.placed, body: placed(...cells) })
    return { position: positionOf(i + 1), timeMs: 1e12 + i * 20, type: RecordType.placed, body }
  })
}

test('[A5] a segment is made of blocks of at most 65,536 placements, each read by itself', async () => {
  const records = crowd(700, 200)
  const { bytes } = await segmentOf(records)
  const { blocks } = decodeHeader(bytes)
  assert.equal(blocks.length, 3)
  assert.ok(blocks.every(({ placements }) => placements <= MAX_BLOCK_PLACEMENTS))
  const [, middle] = blocks
  assert.ok(middle !== undefined)
  const read = readBlock(middle, bytes.subarray(middle.offset, middle.offset + middle.bytes))
  assert.deepEqual(plain(read), plain(records.slice(middle.first - 1, middle.last)))
})

/** A record whose cells lie where `at` says. */
function cellsAt(position: number, count: number, at: (i: number) => readonly [number, number]): LogRecord {
  const cells = Array.from({ length: count }, (_, i) => [1, ...at(i), 2] as const)
  const body = encodeBody({ type: RecordType.placed, body: placed(...cells) })
  return { position: positionOf(position), timeMs: 1e12, type: RecordType.placed, body }
}

/** At one of a few places far apart, in no order: named by tiles. */
const gathered = (i: number): readonly [number, number] => {
  const n = Math.imul(i + 1, 2_654_435_761) >>> 0
  const spot = n % 31
  return [((spot * 37) % 30) * 64 + ((n >>> 9) % 60), ((spot * 23) % 30) * 64 + ((n >>> 17) % 60)]
}
const inARow = (i: number): readonly [number, number] => [i % 5000, Math.floor(i / 5000)]
const scattered = (i: number): readonly [number, number] => [(i % 256) * 256, Math.floor(i / 256) * 256]

test('[A3] the forms of one segment tell nothing in the next', async () => {
  const used = new SegmentWriter()
  await segmentOf([cellsAt(1, 60_000, gathered)], used)
  const row = [cellsAt(1, 20_000, inARow)]
  const [one, other] = [await segmentOf(row), await segmentOf(row, used)]
  assert.equal(other.sha256, one.sha256)
})

test('[A1] a block that the form of the one before does not suit has another', async () => {
  const records = [cellsAt(1, MAX_BLOCK_PLACEMENTS, gathered), cellsAt(2, MAX_BLOCK_PLACEMENTS, scattered)]
  assert.deepEqual(plain(recordsOf((await segmentOf(records)).bytes)), plain(records))
})

test('[A5] the largest records there are fit into a segment', async () => {
  const record = (position: number, type: number, body: Uint8Array): LogRecord => ({
    ...{ position: positionOf(position), timeMs: 5, type, body },
  })
  const records = [
    ...crowd(1, MAX_CELLS_A_RECORD),
    record(2, 6, new Uint8Array(MAX_BODY_BYTES).fill(3)),
    record(3, 6, new Uint8Array(MAX_BODY_BYTES)),
    record(4, 1, new Uint8Array(0)),
  ]
  assert.deepEqual(plain(recordsOf((await segmentOf(records)).bytes)), plain(records))
})

test('[A2] what boards record most is told by its bytes', () => {
  const [record] = crowd(1, 3)
  assert.ok(record !== undefined)
  assert.deepEqual(shapeOf(record.type, record.body, 10), { shape: Shape.placed, count: 3 })
  assert.deepEqual(shapeOf(record.type, record.body, 2), { shape: Shape.other, count: 0 })
  assert.deepEqual(shapeOf(RecordType.created, record.body, 10), { shape: Shape.other, count: 0 })
  assert.deepEqual(shapeOf(record.type, record.body.subarray(1), 10), { shape: Shape.other, count: 0 })
})

test('[A1] a base that is no time comes back to the bit', async () => {
  const records = [Number.NaN, -0, 0.5, -1, 2 ** 60, Number.POSITIVE_INFINITY, 0, 1e12].map((base, i) => {
    const body = encodeBody({ type: RecordType.painted, body: painted([1, 2, 3, 4, 5], [1, 2, 4, 4, 9]) })
    new DataView(body.buffer, body.byteOffset).setFloat64(5, base, true)
    return { position: positionOf(i + 1), timeMs: 1e12, type: RecordType.painted, body }
  })
  assert.deepEqual(plain(recordsOf((await segmentOf(records)).bytes)), plain(records))
})

test('[A2] the bytes of a segment are pinned', async () => {
  const { sha256 } = await segmentOf(crowd(3, 4))
  assert.equal(sha256, '50e4359e9e4743cc9d66f01dbf848895bebaa989a0b973f303b6d19f3f82c0dd')
})

test('[A4] a segment of a later release names the upgrade', async () => {
  const { bytes } = await segmentOf(crowd(1, 1))
  const later = Uint8Array.from(bytes)
  later[4] = 2
  assert.throws(
    () => decodeHeader(later),
    (error) => error instanceof SpateError && error.code === 'newer-version' && /upgrade/.test(error.message),
  )
})

test('[A4] any flipped bit of a segment is found', async () => {
  const { bytes } = await segmentOf(crowd(20, 10))
  await fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const wrong = Uint8Array.from(bytes)
      wrong[at] = (wrong[at] ?? 0) ^ (1 << bit)
      assert.throws(() => recordsOf(wrong), SpateError)
    }),
    { numRuns: 300 },
  )
})

function readOrRefused(span: BlockSpan, bytes: Uint8Array): void {
  try {
    decodeBlock(span, bytes)
  } catch (error) {
    assert.ok(error instanceof SpateError, String(error))
  }
}

test('[A4] a block that was changed by somebody who mended its checksum is read or refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyRun,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
      async (records, changes) => {
        const { bytes } = await segmentOf(records)
        for (const block of decodeHeader(bytes).blocks) {
          for (const [at, value] of changes) {
            const wrong = bytes.slice(block.offset, block.offset + block.bytes)
            wrong[at % wrong.length] = value
            readOrRefused(block, wrong)
          }
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('[A4] whatever bytes are called a block, they are read or refused as corrupt', () => {
  const span = {
    first: positionOf(1),
    last: positionOf(2),
    firstMs: 0,
    latestMs: 0,
    records: 2,
    placements: 1,
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => readOrRefused(span, bytes)),
    { numRuns: 500 },
  )
})
