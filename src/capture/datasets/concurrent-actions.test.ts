import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allListed, type ListedCell } from '../../../test/support/place-rows.ts'
import { realData } from '../../../test/support/real-data.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { DatasetReader } from './dataset.ts'
import { PALETTE_2022 } from './palettes.ts'
import { TimeSort } from './sort.ts'

/** Real placements of 2022 that share a millisecond and a pixel with another. */
const sample = realData('place2022/concurrent_actions.csv.gz')

const ongoing = new AbortController().signal

async function read() {
  const reader = await DatasetReader.open([sample.path])
  return { reader, rows: await allListed(reader.rows(ongoing)) }
}

function groupsOf(rows: readonly ListedCell[]): ListedCell[][] {
  const groups = new Map<string, ListedCell[]>()
  for (const row of rows) {
    const key = `${row.timeMs} ${row.x} ${row.y}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}

test('[I1] [I12] the real sample: 35,756 rows, none refused, all in the palette of 2022', {
  skip: sample.skip,
}, async () => {
  const { reader, rows } = await read()
  assert.equal(rows.length, 35_756)
  const { account } = reader
  assert.deepEqual([account.rows, account.refused, account.damaged], [35_756, 0, []])
  const palette = new Set(PALETTE_2022)
  assert.ok(rows.every(({ rgb }) => palette.has(rgb)))
  assert.deepEqual(
    { ...rows[0], author: reader.authors.nameOf(rows[0]!.author) },
    { timeMs: 1_648_818_440_427, author: '8866', rgb: 0x2450a4, x: 142, y: 209, file: 0, line: 2 },
  )
  assert.deepEqual(reader.progress().readBytes, reader.progress().totalBytes)
})

test('[I14] the real sample: 17,847 groups of one millisecond and pixel, 1,597 of them in conflict', {
  skip: sample.skip,
}, async () => {
  const groups = groupsOf((await read()).rows)
  assert.equal(groups.length, 17_847)
  assert.ok(groups.every((group) => group.length > 1))
  const conflicts = groups.filter((group) => new Set(group.map(({ rgb }) => rgb)).size > 1)
  assert.equal(conflicts.length, 1597)
})

test('[I14] the real sample: sorted, the last of a group in the file is the last of it, whatever the runs', {
  skip: sample.skip,
}, async (t) => {
  const { rows } = await read()
  const stable = rows.toSorted((a, b) => a.timeMs - b.timeMs)
  for (const runRows of [1000, 100_000]) {
    const reader = await DatasetReader.open([sample.path])
    const sort = new TimeSort({ runRows, folder: tempFolder(t) })
    const sorted = await allListed(sort.sorted(reader.rows(ongoing)))
    assert.deepEqual(sorted, stable)
    assert.deepEqual(
      groupsOf(sorted).map((group) => group.map(({ line }) => line)),
      groupsOf(stable).map((group) => group.map(({ line }) => line).toSorted((a, b) => a - b)),
    )
  }
})
