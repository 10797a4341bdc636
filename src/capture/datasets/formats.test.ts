import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { anyCell, spelled } from '../../../test/support/place-lines.ts'
import {
  bytesFile,
  HEADER_2017,
  HEADER_2022,
  HEADER_2023,
  HEADER_ARGB,
  linesFile,
  readDataset,
  told,
} from '../../../test/support/place-rows.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { FORMATS } from './formats.ts'
import { PALETTE_2017, PALETTE_2022 } from './palettes.ts'

async function toldOf(t: TestContext, ...lines: readonly string[]): Promise<string[]> {
  const { reader, account, cells } = await readDataset([linesFile(tempFolder(t), 'dataset.csv', ...lines)])
  assert.deepEqual(account.examples, [])
  return told(reader, cells)
}

test('[I1] 2017: indexes of its palette, either spelling of time', async (t) => {
  assert.deepEqual(
    await toldOf(
      t,
      HEADER_2017,
      '1490918746000,8yhaMMMl7oj0lH8SBqwzuA==,655,301,0',
      '2017-03-31 00:00:00.000 UTC,9yhaMMMl7oj0lH8SBqwzuA==,0,1000,15',
    ),
    [
      '8yhaMMMl7oj0lH8SBqwzuA== 655,301 #ffffff @1490918746000',
      '9yhaMMMl7oj0lH8SBqwzuA== 0,1000 #820080 @1490918400000',
    ],
  )
})

test('[I1] [I9] 2022: cells and rectangles', async (t) => {
  assert.deepEqual(
    await toldOf(
      t,
      HEADER_2022,
      '2022-04-03 17:38:22.252 UTC,yTrYCd4LUpBn4rIyNXkkW2+Fac5cQHK2==,#FF3881,"0,0"',
      '2022-04-03 17:38:20.02 UTC,Ow9RQ9eW==,#51E9F4,"1999,1998"',
      '2022-04-02 09:12:31 UTC,moderator,#000000,"3,7,2,6"',
    ),
    [
      'yTrYCd4LUpBn4rIyNXkkW2+Fac5cQHK2== 0,0 #ff3881 @1649007502252',
      'Ow9RQ9eW== 1999,1998 #51e9f4 @1649007500020',
      'moderator 2,6 #000000 @1648890751000',
      'moderator 3,6 #000000 @1648890751000',
      'moderator 2,7 #000000 @1648890751000',
      'moderator 3,7 #000000 @1648890751000',
    ],
  )
})

test('[I1] [I8] [I9] 2023: negative coordinates, rectangles, circles', async (t) => {
  assert.deepEqual(
    await toldOf(
      t,
      HEADER_2023,
      '2023-07-20 13:00:26.088 UTC,no5DuQV6==,"-199,-235",#FFFFFF',
      '2023-07-20 13:00:26.1 UTC,moderator,"{X: -4, Y: 36, R: 1}",#000000',
      '2023-07-20 13:00:26.1 UTC,moderator,"{X:5,Y:-6,R:0}",#000000',
      '2023-07-20 13:00:26.1 UTC,moderator,"-1,-2,0,-2",#000000',
    ),
    [
      'no5DuQV6== -199,-235 #ffffff @1689858026088',
      ...['-4,35', '-5,36', '-4,36', '-3,36', '-4,37', '5,-6', '-1,-2', '0,-2'].map(
        (cell) => `moderator ${cell} #000000 @1689858026100`,
      ),
    ],
  )
})

test('[I1] argb: the sample of concurrent placements', async (t) => {
  assert.deepEqual(
    await toldOf(t, HEADER_ARGB, '1648818440427,8866,FF2450A4,142,209', '1649117625555,8571228,ffffffff,0,0'),
    ['8866 142,209 #2450a4 @1648818440427', '8571228 0,0 #ffffff @1649117625555'],
  )
})

test('[I1] files of one import may differ in format; a byte order mark is no part of the header', async (t) => {
  const folder = tempFolder(t)
  const { reader, cells } = await readDataset([
    linesFile(folder, 'a', `\uFEFF${HEADER_2017}`, '5,a,1,2,3'),
    linesFile(folder, 'b', HEADER_ARGB, '6,b,FF000001,3,4'),
  ])
  assert.deepEqual(told(reader, cells), ['a 1,2 #222222 @5', 'b 3,4 #000001 @6'])
})

test('[I1] the palettes have 16 and 32 different colours', () => {
  assert.deepEqual([PALETTE_2017.length, new Set(PALETTE_2017).size], [16, 16])
  assert.deepEqual([PALETTE_2022.length, new Set(PALETTE_2022).size], [32, 32])
})

test('[I2] with the format chosen the header may be missing, and is no row where it is there', async (t) => {
  const folder = tempFolder(t)
  const { account, cells } = await readDataset(
    [
      linesFile(folder, 'without', '5,a,1,2,3'),
      linesFile(folder, 'with', HEADER_2017, '6,b,3,4,5'),
      bytesFile(folder, 'short', Buffer.from('7,c,5,6,7')),
    ],
    { format: '2017' },
  )
  assert.deepEqual(
    cells.map(({ file, line, timeMs }) => [file, line, timeMs]),
    [
      [0, 1, 5],
      [1, 2, 6],
      [2, 1, 7],
    ],
  )
  assert.equal(account.refused, 0)
})

test('[I2] the header of another format than the chosen one leaves the file unread', async (t) => {
  const folder = tempFolder(t)
  const { account, cells } = await readDataset(
    [linesFile(folder, 'a', HEADER_2023, 'x'), linesFile(folder, 'b', '6,b,3,4,5')],
    { format: '2017' },
  )
  assert.equal(cells.length, 1)
  assert.equal(account.refused, 0)
  assert.deepEqual(
    account.damaged.map(({ file, damage, afterLine }) => [file, damage, afterLine]),
    [[0, 'other-format', 1]],
  )
})

test('[I5] [I11] a quoted author is the author without the quotes', async (t) => {
  assert.deepEqual(await toldOf(t, HEADER_2017, '5,"a, ""b""",1,2,3', '6,"",1,2,3', '7,,1,2,3'), [
    'a, "b" 1,2 #222222 @5',
    ' 1,2 #222222 @6',
    ' 1,2 #222222 @7',
  ])
})

for (const format of Object.values(FORMATS)) {
  test(`[I1] ${format.name}: every cell that is spelled out is read as it was`, async (t) => {
    const folder = tempFolder(t)
    await fc.assert(
      fc.asyncProperty(fc.array(anyCell, { maxLength: 30 }), async (anyColoured) => {
        const cells = anyColoured.map((cell) =>
          format.colour === 'index' ? { ...cell, rgb: PALETTE_2017[cell.rgb % 16]! } : cell,
        )
        const file = linesFile(folder, 'a', format.header, ...cells.map(spelled[format.name]))
        const { reader, cells: found } = await readDataset([file])
        assert.deepEqual(
          found.map(({ timeMs, author, rgb, x, y }) => ({
            timeMs,
            author: reader.authors.nameOf(author),
            rgb,
            x,
            y,
          })),
          cells,
        )
      }),
      { numRuns: 150 },
    )
  })
}
