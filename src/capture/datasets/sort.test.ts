import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { allListed, type ListedCell } from '../../../test/support/place-rows.ts'
import { requires } from '../../../test/support/requires.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { tmpfs } from '../../../test/support/tmpfs.ts'
import { SpateError } from '../../base/errors.ts'
import { CELL, emptyRows, RECTANGLE, type RowBatch } from './rows.ts'
import { expanded } from './shapes.ts'
import { TimeSort } from './sort.ts'
import { END_OF_TIME_MS } from './time.ts'

/** Rows with these times in batches of `batchRows`; a row's line is its number, and all else follows from it. */
async function* timed(timesMs: readonly number[], batchRows = 7): AsyncGenerator<RowBatch, void, undefined> {
  for (let from = 0; from < timesMs.length; from += batchRows) {
    const batch = emptyRows(batchRows)
    for (const [i, timeMs] of timesMs.slice(from, from + batchRows).entries()) {
      const line = from + i
      batch.timeMs[i] = timeMs
      batch.author[i] = line * 3
      batch.rgb[i] = line * 5
      batch.x[i] = -line
      batch.y[i] = line * 7
      batch.file[i] = line % 65_536
      batch.line[i] = line
      batch.n = i + 1
    }
    yield batch
  }
}

const rowOf = (timeMs: number, line: number): ListedCell => ({
  timeMs,
  author: line * 3,
  rgb: line * 5,
  x: 0 - line,
  y: line * 7,
  file: line % 65_536,
  line,
})

/** What any stable sort makes of it. */
const naive = (timesMs: readonly number[]) => timesMs.map(rowOf).sort((a, b) => a.timeMs - b.timeMs)

function sortIn(t: TestContext, runRows: number): { sort: TimeSort; folder: string } {
  const folder = tempFolder(t)
  return { sort: new TimeSort({ runRows, folder }), folder }
}

const times = (seed: number, count: number, span: number) =>
  Array.from({ length: count }, (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 0) % span)

test('[I14] rows come in the order of time, those of one millisecond in the order they came in', async (t) => {
  const { sort } = sortIn(t, 100)
  assert.deepEqual(
    (await allListed(sort.sorted(timed([5, 3, 5, 3, 9, 0])))).map(({ timeMs, line }) => [timeMs, line]),
    [
      [0, 5],
      [3, 1],
      [3, 3],
      [5, 0],
      [5, 2],
      [9, 4],
    ],
  )
})

test('[I14] over runs, blocks and the disk it is the order of a stable sort', async (t) => {
  const { sort } = sortIn(t, 10_000)
  const timesMs = times(1, 65_432, 5000)
  assert.deepEqual(await allListed(sort.sorted(timed(timesMs, 1000))), naive(timesMs))
  assert.equal(sort.spilledRuns, 7)
  assert.equal(sort.spilledBytes, 65_432 * 30)
})

test('[I14] whatever the times and the size of runs, it is the order of a stable sort', async (t) => {
  const time = fc.oneof(
    fc.nat(3),
    fc.nat(100_000),
    fc.integer({ min: 0, max: END_OF_TIME_MS - 1 }),
    fc.constantFrom(2 ** 16 - 1, 2 ** 16, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 47),
  )
  const folder = tempFolder(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(time, { maxLength: 60 }),
      fc.integer({ min: 1, max: 70 }),
      async (timesMs, runRows) => {
        const sort = new TimeSort({ runRows, folder })
        assert.deepEqual(await allListed(sort.sorted(timed(timesMs))), naive(timesMs))
        assert.equal(sort.spilledRuns, timesMs.length > runRows ? Math.ceil(timesMs.length / runRows) : 0)
      },
    ),
    { numRuns: 300 },
  )
  assert.deepEqual(readdirSync(folder), [])
})

test('[I14] a shape sorts as one row, over the disk too', async (t) => {
  async function* shapes(): AsyncGenerator<RowBatch, void, undefined> {
    const rows = emptyRows(5)
    for (const [i, [timeMs, kind]] of [
      [9, RECTANGLE],
      [4, CELL],
      [4, RECTANGLE],
      [1, CELL],
      [4, CELL],
    ].entries()) {
      rows.timeMs[i] = timeMs!
      rows.kind[i] = kind!
      rows.author[i] = i
      rows.x[i] = 10 * i
      rows.x2[i] = kind === RECTANGLE ? 10 * i + 1 : 0
    }
    rows.n = 5
    rows.shapes = 2
    yield rows
  }
  for (const runRows of [2, 100]) {
    const { sort } = sortIn(t, runRows)
    const cells = await allListed(expanded(sort.sorted(shapes()), 100))
    assert.deepEqual(
      cells.map(({ timeMs, author, x }) => [timeMs, author, x]),
      [
        [1, 3, 30],
        [4, 1, 10],
        [4, 2, 20],
        [4, 2, 21],
        [4, 4, 40],
        [9, 0, 0],
        [9, 0, 1],
      ],
    )
    assert.equal(sort.spilledBytes, runRows === 2 ? 39 * 4 + 30 : 0)
  }
})

test('[I15] one run never touches the disk', async (t) => {
  const { sort, folder } = sortIn(t, 1000)
  const timesMs = times(3, 1000, 100)
  for await (const batch of sort.sorted(timed(timesMs))) {
    assert.equal(batch.n, 1000)
    assert.deepEqual(readdirSync(folder), [])
  }
  assert.deepEqual([sort.spilledRuns, sort.spilledBytes], [0, 0])
})

test('[I15] the temporary file has no name while in use and no folder after an early end', async (t) => {
  const { sort, folder } = sortIn(t, 10_000)
  for await (const batch of sort.sorted(timed(times(4, 40_000, 1000), 1000))) {
    assert.ok(batch.n > 0)
    assert.deepEqual(readdirSync(folder, { recursive: true }).length, 1, 'the empty folder')
    break
  }
  assert.deepEqual(readdirSync(folder), [])
})

test('[I15] a source that fails leaves nothing behind and is the error', async (t) => {
  const { sort, folder } = sortIn(t, 10)
  async function* failing(): AsyncGenerator<RowBatch, void, undefined> {
    yield* timed(times(5, 100, 10))
    throw new Error('the disk was pulled')
  }
  await assert.rejects(allListed(sort.sorted(failing())), /the disk was pulled/)
  assert.deepEqual(readdirSync(folder), [])
})

test('[I15] a folder that cannot be written is a typed error', async (t) => {
  const sort = new TimeSort({ runRows: 10, folder: `${tempFolder(t)}/absent` })
  await assert.rejects(allListed(sort.sorted(timed(times(6, 100, 10)))), (error) => {
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, 'storage-failed')
    return true
  })
})

test('[I15] a full disk is a typed error that a retry can help, and nothing stays', {
  skip: requires('tmpfs'),
}, async (t) => {
  const folder = tmpfs(t, 256 * 1024)
  const sort = new TimeSort({ runRows: 5000, folder })
  await assert.rejects(allListed(sort.sorted(timed(times(7, 20_000, 1000), 1000))), (error) => {
    assert.ok(error instanceof SpateError)
    assert.deepEqual([error.code, error.retryable], ['storage-full', true])
    return true
  })
  assert.deepEqual(readdirSync(folder), [])
})
