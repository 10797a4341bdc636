import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { tempFolder } from '../../../test/support/tmp.ts'
import { Duck, literal } from '../../archive/tables/duck.ts'
import { foldOfKind } from '../../capture/captured-stream.ts'
import { Fields, unescaped } from '../../capture/datasets/fields.ts'
import { RowsFile } from './rows-file.ts'
import { makeTables, writeFramesCsv, writePixelsCsv, writePixelsParquet } from './tables.ts'

const AT_MS = Date.UTC(2022, 3, 3, 17, 38, 22, 252)

async function rowsFile(folder: string, name: string, rows: readonly object[]): Promise<string> {
  const file = await RowsFile.create(join(folder, name))
  for (const row of rows) file.add(row)
  await file.close()
  return file.path
}

/** A dataset of frames at these addresses and of cells that these changed, one each. */
async function dataset(t: TestContext, urls: readonly string[], users: readonly string[]): Promise<string> {
  const folder = tempFolder(t)
  const history = await rowsFile(folder, 'history', [
    ...users.map((_, x) => ({
      kind: 'painted',
      position: 1,
      at: '2022-04-03T17:38:22.252Z',
      x,
      y: 0,
      hex: '#BE0039',
    })),
    { kind: 'end', rows: users.length },
  ])
  const told = urls.map((url, n) => ({
    url,
    name: url,
    canvas: 0,
    kind: 'diff',
    timestampMs: AT_MS + n,
    dx: 0,
    dy: 0,
  }))
  const fetched = urls.map((url) => ({ url, status: 'stored', sha256: 'ab', size: 7 }))
  const answers = users.map((user, x) => ({
    x,
    y: 0,
    changeMs: AT_MS,
    modifiedMs: AT_MS,
    user,
    called: user,
  }))
  using duck = await Duck.open(undefined, undefined)
  await makeTables(duck, history, {
    fold: foldOfKind('place'),
    frameSize: { width: 1000, height: 1000 },
    told: await rowsFile(folder, 'told', told),
    fetched: await rowsFile(folder, 'fetched', fetched),
    answers: await rowsFile(folder, 'answers', answers),
  })
  await writePixelsCsv(duck, join(folder, 'pixels.csv.gz'))
  await writePixelsParquet(duck, join(folder, 'pixels.parquet'))
  await writeFramesCsv(duck, join(folder, 'frames.csv.gz'))
  return folder
}

function lines(folder: string, name: string): string[] {
  return gunzipSync(readFileSync(join(folder, name)))
    .toString()
    .split('\n')
    .slice(1, -1)
}

const LONGEST = 'é'.repeat(64)

test('[K50] an author’s id is a field whatever is in it; one that no row can hold is left out', async (t) => {
  const ids = ['a"b', 'a,b', '"', '""', ' a ', "'; DROP", '=1+1', '\u2028\ufeff', '\ud83c\udf3b', LONGEST]
  const none = ['', '\0', 'a\nb', 'a\r', '\x1b[31m', '\x7f', `${LONGEST}a`]
  const folder = await dataset(t, [], [...ids, ...none, '\ud800'])
  const rows = lines(folder, 'pixels.csv.gz')
  const fields = new Fields()
  const read = rows.map((row) => {
    const bytes = Buffer.from(row)
    assert.equal(fields.split(bytes, 0, bytes.length), 4, row)
    const [from = 0, to = 0] = [fields.start[1], fields.end[1]]
    return Buffer.from(unescaped(bytes, from, to)).toString()
  })
  assert.deepEqual(read, [...ids, ...none.map(() => ''), '\ufffd'])
  using duck = await Duck.open(undefined, undefined)
  const { rows: told } = await duck.query(`SELECT user_id FROM ${literal(join(folder, 'pixels.parquet'))}`)
  assert.deepEqual((await Array.fromAsync(told)).flat(), [...ids, ...none.map(() => null), '\ufffd'])
})

test('[K51] a frame’s address may hold what is no text', async (t) => {
  const folder = await dataset(t, ['http://a/\ud800.png', 'http://a/\0.png', 'http://a/\\ud800.png'], [])
  assert.deepEqual(
    lines(folder, 'frames.csv.gz').map((row) => row.split(',').slice(-3)),
    [0, 1, 2].map(() => ['ab', '7', 'stored']),
  )
})
