import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import {
  allListed,
  bytesFile,
  gzipFile,
  HEADER_2017,
  HEADER_2022,
  linesFile,
  readDataset,
} from '../../../test/support/place-rows.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { SpateError } from '../../base/errors.ts'
import { DatasetReader } from './dataset.ts'
import { BATCH_ROWS } from './rows.ts'
import { expanded } from './shapes.ts'
import { TimeSort } from './sort.ts'

const ongoing = new AbortController().signal

test('[I3] [I4] gzip in members that end within a line, CRLF, and no end to the last line', async (t) => {
  const { account, cells } = await readDataset([
    gzipFile(tempFolder(t), 'no-hint-in-the-name.csv', `${HEADER_2017}\r\n5,a,1,`, '2,3\r\n6,b', ',3,4,5'),
  ])
  assert.deepEqual(
    cells.map(({ timeMs, x, y, line }) => [timeMs, x, y, line]),
    [
      [5, 1, 2, 2],
      [6, 3, 4, 3],
    ],
  )
  assert.deepEqual([account.rows, account.refused, account.damaged], [2, 0, []])
})

test('[I9] the largest shapes are drawn, the limit is exact', async (t) => {
  const file = linesFile(
    tempFolder(t),
    'a',
    HEADER_2022,
    `2022-04-03 17:38:22 UTC,a,#FF3881,"0,0,4095,4095"`,
    `2022-04-03 17:38:22 UTC,a,#FF3881,"{X: 0, Y: 0, R: 2047}"`,
  )
  const reader = await DatasetReader.open([file])
  let cells = 0
  for await (const batch of expanded(reader.rows(ongoing), BATCH_ROWS)) cells += batch.n
  let disc = 0
  for (let dy = -2047; dy <= 2047; dy += 1) disc += 2 * Math.floor(Math.sqrt(2047 * 2047 - dy * dy)) + 1
  assert.equal(cells, 4096 * 4096 + disc)
})

test('[I13] a gzip file that is cut keeps its whole lines and refuses the piece of the last', async (t) => {
  const folder = tempFolder(t)
  const lines = Array.from({ length: 400 }, (_, i) => `${1000 + i},author${i},${i},${i * 7},${i % 16}\n`)
  const compressed = gzipSync(`${HEADER_2017}\n${lines.join('')}`)
  for (let cut = 2; cut < compressed.length; cut += 97) {
    const { account, cells } = await readDataset([
      bytesFile(folder, 'cut', compressed.subarray(0, cut)),
      linesFile(folder, 'next', HEADER_2017, '5,a,1,2,3'),
    ])
    assert.deepEqual(
      account.damaged.map(({ file, damage, afterBytes }) => [file, damage, afterBytes]),
      [[0, 'gzip-cut', cut]],
    )
    assert.deepEqual(cells.at(-1)?.file, 1, 'the next file is read all the same')
    const before = cells.slice(0, -1)
    assert.deepEqual(
      before.map(({ timeMs, y }) => [timeMs, y]),
      before.map((_, i) => [1000 + i, i * 7]),
    )
    assert.equal(account.refused, account.refusedBy['cut-line'])
    assert.ok(account.refused <= 1)
    const headerLines = account.damaged[0]!.afterLine > 0 ? 1 : 0
    assert.equal(account.damaged[0]!.afterLine, before.length + account.refused + headerLines)
  }
})

test('[I13] a cut line that looks whole is refused: 15 may have been 150', async (t) => {
  const compressed = gzipSync(`${HEADER_2017}\n5,a,1,2,1`, { level: 0 })
  const { account, cells } = await readDataset([bytesFile(tempFolder(t), 'cut', compressed.subarray(0, -8))])
  assert.deepEqual(cells, [])
  assert.deepEqual(account.examples, [{ file: 0, line: 2, reason: 'cut-line', text: '5,a,1,2,1' }])
  assert.deepEqual(account.damaged, [
    { file: 0, damage: 'gzip-cut', afterLine: 2, afterBytes: compressed.length - 8 },
  ])
})

test('[I13] empty files and files of no known format are listed, the others read', async (t) => {
  const folder = tempFolder(t)
  const { account, cells } = await readDataset([
    linesFile(folder, 'empty'),
    gzipFile(folder, 'empty.gz', ''),
    linesFile(folder, 'text', 'once upon a time', 'there was'),
    bytesFile(folder, 'binary', Buffer.alloc(1_000_000, 0xab)),
    bytesFile(folder, 'word', Buffer.from('word')),
    linesFile(folder, 'header only', HEADER_2022),
    bytesFile(folder, 'header without end', Buffer.from(HEADER_2022)),
    linesFile(folder, 'good', HEADER_2017, '5,a,1,2,3'),
  ])
  assert.deepEqual(
    account.damaged.map(({ file, damage, afterLine }) => [file, damage, afterLine]),
    [
      [0, 'empty', 0],
      [1, 'empty', 0],
      [2, 'unknown-format', 1],
      [3, 'unknown-format', 1],
      [4, 'unknown-format', 1],
    ],
  )
  assert.deepEqual(
    cells.map(({ file }) => file),
    [7],
  )
  assert.equal(account.lines, 1)
})

test('[I13] a missing file fails before anything is read', async (t) => {
  const folder = tempFolder(t)
  const good = linesFile(folder, 'good', HEADER_2017, '5,a,1,2,3')
  await assert.rejects(
    DatasetReader.open([good, `${folder}/absent`]),
    (error) => error instanceof SpateError && error.code === 'not-found',
  )
})

test('[I14] files out of order and interleaved come sorted, ties in the order of files and lines', async (t) => {
  const folder = tempFolder(t)
  const paths = [
    linesFile(folder, 'b', HEADER_2017, '7,b,1,1,1', '3,b,2,1,1', '7,b,3,1,1', '5,b,4,1,1'),
    linesFile(folder, 'a', HEADER_2017, '5,a,5,1,1', 'x', '1,a,6,1,1', '7,a,7,1,1'),
  ]
  for (const runRows of [1, 2, 3, 100]) {
    const reader = await DatasetReader.open(paths)
    const cells = await allListed(new TimeSort({ runRows, folder }).sorted(reader.rows(ongoing)))
    assert.deepEqual(
      cells.map(({ timeMs, x, file, line }) => [timeMs, x, file, line]),
      [
        [1, 6, 1, 4],
        [3, 2, 0, 3],
        [5, 4, 0, 5],
        [5, 5, 1, 2],
        [7, 1, 0, 2],
        [7, 3, 0, 4],
        [7, 7, 1, 5],
      ],
    )
  }
})

test('[I16] progress grows to all bytes and counts rows and refused lines', async (t) => {
  const folder = tempFolder(t)
  const lines = Array.from({ length: 60_000 }, (_, i) => (i % 3 === 0 ? 'x' : `${i},author,1,2,3`))
  const reader = await DatasetReader.open([
    gzipFile(folder, 'a', `${HEADER_2017}\n${lines.join('\n')}`),
    linesFile(folder, 'b', HEADER_2017, ...lines),
  ])
  const { totalBytes } = reader.progress()
  assert.deepEqual(reader.progress(), { readBytes: 0, totalBytes, rows: 0, refused: 0 })
  const steps: number[] = []
  for await (const batch of reader.rows(ongoing)) {
    assert.ok(batch.n > 0)
    steps.push(reader.progress().readBytes)
  }
  assert.ok(new Set(steps).size > 2, 'several steps')
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  )
  assert.deepEqual(reader.progress(), { readBytes: totalBytes, totalBytes, rows: 80_000, refused: 40_000 })
})

test('an aborted read ends with the reason', async (t) => {
  const file = linesFile(
    tempFolder(t),
    'a',
    HEADER_2017,
    ...Array.from({ length: 50_000 }, () => '5,a,1,2,3'),
  )
  const stop = new AbortController()
  const reader = await DatasetReader.open([file])
  let rows = 0
  await assert.rejects(async () => {
    for await (const batch of reader.rows(stop.signal)) {
      rows += batch.n
      stop.abort(new Error('enough'))
    }
  }, /enough/)
  assert.ok(rows >= BATCH_ROWS && rows < 50_000)
})

test('[I12] [I13] whatever the file, nothing throws', async (t) => {
  const folder = tempFolder(t)
  const whole = gzipSync(`${HEADER_2017}\n${'5,a,1,2,3\n'.repeat(50)}`)
  const broken = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }).map((edits) => {
    const copy = Buffer.from(whole)
    for (const [at, byte] of edits) copy[at] = byte
    return copy
  })
  const bytes = fc.oneof(
    broken,
    fc.tuple(broken, fc.nat(whole.length)).map(([copy, length]) => copy.subarray(0, length)),
    fc.uint8Array({ maxLength: 500 }),
    fc.uint8Array({ maxLength: 500 }).map((tail) => Buffer.concat([Buffer.from([0x1f, 0x8b]), tail])),
  )
  await fc.assert(
    fc.asyncProperty(bytes, async (content) => {
      const { account, cells } = await readDataset([bytesFile(folder, 'a', content)])
      assert.equal(cells.length, account.rows)
      assert.ok(account.damaged.length <= 1)
      if (account.damaged.length === 0) assert.ok(account.lines > 0 || content.length > 0)
    }),
    { numRuns: 500 },
  )
})
