import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { anyCell, spelled } from '../../../test/support/place-lines.ts'
import {
  bytesFile,
  HEADER_2017,
  HEADER_2022,
  HEADER_ARGB,
  linesFile,
  readDataset,
} from '../../../test/support/place-rows.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import type { Refusal } from './account.ts'
import { FORMATS } from './formats.ts'

const readLines = (t: TestContext, ...lines: readonly string[]) =>
  readDataset([linesFile(tempFolder(t), 'dataset.csv', ...lines)])

const T = '2022-04-03 17:38:22 UTC'
const refused: readonly (readonly [line: string, reason: Refusal])[] = [
  ['', 'blank-line'],
  [`${T},${'a'.repeat(4096)},#FF3881,"0,0"`, 'line-too-long'],
  [`${T},a,#FF3881,"0,0`, 'bad-quotes'],
  [`${T},a"b,#FF3881,"0,0"`, 'bad-quotes'],
  [`${T},a,#FF3881`, 'wrong-field-count'],
  [`${T},a,#FF3881,0,0`, 'wrong-field-count'],
  [`${T},a,#FF3881,"0,0",`, 'wrong-field-count'],
  [HEADER_2022, 'bad-time'],
  [`2022-04-31 17:38:22 UTC,a,#FF3881,"0,0"`, 'bad-time'],
  [`,a,#FF3881,"0,0"`, 'bad-time'],
  [`${T},${'a'.repeat(129)},#FF3881,"0,0"`, 'bad-author'],
  [`${T},a,#FF388,"0,0"`, 'bad-colour'],
  [`${T},a,FF3881,"0,0"`, 'bad-colour'],
  [`${T},a,#FF38G1,"0,0"`, 'bad-colour'],
  [`${T},a,#FF38811,"0,0"`, 'bad-colour'],
  [`${T},a,,"0,0"`, 'bad-colour'],
  ...[
    '',
    '5',
    '0,',
    ',0',
    '0,0,',
    '0,0,0',
    '0,0,0,',
    '0,0,0,0,0',
    '0.5,0',
    '+1,0',
    '--1,0',
    '-,0',
    '1 ,0',
    ' 1,0',
    '0x1,0',
    'NaN,0',
    '1000000000,0',
    '{X: 1, Y: 2}',
    '{X: 1, Y: 2, R: -3}',
    '{X: 1, Y: 2, R: 3',
    '{X: 1, Y: 2, R: 3} ',
    '{Y: 1, X: 2, R: 3}',
    '{x: 1, y: 2, r: 3}',
    '{X: 1 Y: 2 R: 3}',
    '{',
    '{}',
  ].map((coordinate): [string, Refusal] => [`${T},a,#FF3881,"${coordinate}"`, 'bad-coordinate']),
  [`${T},a,#FF3881,"0,0,4095,4096"`, 'area-too-large'],
  [`${T},a,#FF3881,"-999999999,-999999999,999999999,999999999"`, 'area-too-large'],
  [`${T},a,#FF3881,"{X: 0, Y: 0, R: 2048}"`, 'area-too-large'],
  [`${T},a,#FF3881,"{X: 0, Y: 0, R: 999999999}"`, 'area-too-large'],
]
for (const [line, reason] of refused) {
  test(`[I12] ${reason}: ${line.slice(0, 70)}`, async (t) => {
    const good = `${T},good,#FF3881,"0,0"`
    const { reader, account } = await readLines(t, HEADER_2022, good, line, good)
    assert.deepEqual(account.examples, [{ file: 0, line: 3, reason, text: line.slice(0, 200) }])
    assert.deepEqual([account.rows, account.refused, account.refusedBy[reason]], [2, 1, 1])
    assert.equal(reader.authors.count, 1, 'a refused line adds no author')
  })
}

const refusedElsewhere: readonly (readonly [header: string, line: string, reason: Refusal])[] = [
  [HEADER_2017, '5,a,,,', 'bad-colour'],
  [HEADER_2017, '5,a,,,3', 'bad-coordinate'],
  [HEADER_2017, '5,a,1,2,16', 'bad-colour'],
  [HEADER_2017, '5,a,1,2,-1', 'bad-colour'],
  [HEADER_2017, '5,a,1,2,003', 'bad-colour'],
  [HEADER_2017, '5,a,"1,2",3', 'wrong-field-count'],
  [HEADER_2017, '5,a,1,2x,3', 'bad-coordinate'],
  [HEADER_ARGB, '5,a,7F000000,1,2', 'bad-colour'],
  [HEADER_ARGB, '5,a,00000000,1,2', 'bad-colour'],
  [HEADER_ARGB, '5,a,#FF3881,1,2', 'bad-colour'],
  [HEADER_ARGB, '1.6e12,a,FF000000,1,2', 'bad-time'],
]
for (const [header, line, reason] of refusedElsewhere) {
  test(`[I12] ${reason}: ${line} below ${header}`, async (t) => {
    const { account, cells } = await readLines(t, header, line)
    assert.deepEqual(account.examples, [{ file: 0, line: 2, reason, text: line }])
    assert.deepEqual(cells, [])
  })
}

test('[I12] of many refused lines the first 20 are kept, all are counted, over all files', async (t) => {
  const folder = tempFolder(t)
  const { account } = await readDataset([
    linesFile(folder, 'a', HEADER_2017, ...Array.from({ length: 15 }, () => 'x'), '5,a,1,2,3'),
    linesFile(folder, 'b', HEADER_2022, ...Array.from({ length: 1000 }, (_, i) => `${i},a,b,c`)),
  ])
  assert.deepEqual([account.lines, account.rows, account.refused], [1016, 1, 1015])
  assert.deepEqual([account.refusedBy['wrong-field-count'], account.refusedBy['bad-colour']], [15, 1000])
  assert.deepEqual(
    account.examples.map(({ file, line }) => [file, line]),
    [...Array.from({ length: 15 }, (_, i) => [0, i + 2]), ...Array.from({ length: 5 }, (_, i) => [1, i + 2])],
  )
})

test('[I11] past the bound of authors the lines of new ones are refused', async (t) => {
  const lines = ['a', 'b', 'c', 'a', 'd', 'b'].map((author) => `5,${author},1,2,3`)
  const { account, cells } = await readDataset([linesFile(tempFolder(t), 'a', HEADER_2017, ...lines)], {
    maxAuthors: 2,
  })
  assert.deepEqual(
    cells.map(({ author, line }) => [author, line]),
    [
      [0, 2],
      [1, 3],
      [0, 5],
      [1, 7],
    ],
  )
  assert.equal(account.refusedBy['too-many-authors'], 2)
})

test('[I12] whatever the bytes, nothing throws and every line is a row or refused', async (t) => {
  const folder = tempFolder(t)
  const good = anyCell.map((cell) => Buffer.from(spelled['2022'](cell)))
  const damaged = fc.tuple(good, fc.nat(), fc.nat(255)).map(([line, at, byte]) => {
    const copy = Buffer.from(line)
    copy[at % copy.length] = byte === 0x0a ? 0x20 : byte
    return copy
  })
  const halved = fc.tuple(good, fc.nat()).map(([line, at]) => line.subarray(0, at % line.length))
  const piece = fc.constantFrom(',', '"', '""', '{X: ', '1', '-', '#', 'UTC', T, '0,0', ' ', '\r', '\0', 'é')
  const pieces = fc.array(piece, { maxLength: 12 }).map((parts) => Buffer.from(parts.join('')))
  const noise = fc
    .uint8Array({ maxLength: 200 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x0a ? 0x0b : byte))))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(good, damaged, halved, pieces, noise), { maxLength: 25 }),
      fc.constantFrom(...Object.values(FORMATS)),
      async (lines, format) => {
        const content = [Buffer.from(format.header), ...lines].flatMap((line) => [line, Buffer.from('\n')])
        const { account, cells } = await readDataset([bytesFile(folder, 'a', Buffer.concat(content))])
        assert.equal(account.rows + account.refused, lines.length)
        assert.equal(account.lines, lines.length)
        assert.equal(new Set(cells.map(({ line }) => line)).size, account.rows)
        assert.equal(
          Object.values(account.refusedBy).reduce((sum, count) => sum + count),
          account.refused,
        )
        assert.equal(account.examples.length, Math.min(20, account.refused))
        assert.deepEqual(account.damaged, [])
      },
    ),
    { numRuns: 1000 },
  )
})
