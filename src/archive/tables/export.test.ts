import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { area, Fold, painted, placed, T0 } from '../../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../../test/support/canvas-steps.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { Canvas } from '../../boards/canvas/canvas.ts'
import { Changes } from '../../boards/canvas/changes.ts'
import { decodeBody } from '../../boards/canvas/codec.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import { FREE_RULES } from '../../boards/canvas/rules.ts'
import { verdictName } from '../../boards/canvas/verdict.ts'
import { type LogRecord, positionOf } from '../../log/port.ts'
import { Duck, literal } from './duck.ts'
import { exportPlacements, type PlacementSource, type TableFormat } from './export.ts'

type Row = readonly (string | null)[]

async function* batchesOf(records: readonly LogRecord[], size = 3): AsyncGenerator<readonly LogRecord[]> {
  for (let at = 0; at < records.length; at += size) yield records.slice(at, at + size)
}

/** An export's rows as DuckDB reads the file. */
async function exported(t: TestContext, format: TableFormat, sources: readonly PlacementSource[]) {
  const folder = tempFolder(t)
  const out = join(folder, `p.${format}`)
  const count = await exportPlacements(sources, format, out, () => {})
  assert.deepEqual(readdirSync(folder), [`p.${format}`])
  return { out, count, rows: format === 'parquet' ? await rowsOf(out) : readFileSync(out, 'utf8') }
}

async function rowsOf(file: string): Promise<Row[]> {
  using duck = await Duck.open(undefined, undefined)
  return Array.fromAsync((await duck.query(`SELECT * FROM read_parquet(${literal(file)})`)).rows)
}

/** One board's life: every kind of row, and intents that are refused. */
function life(): Fold {
  const cooldown = { kind: 'stack', seconds: 10, blankSeconds: 10, stack: 1, activity: null } as const
  const fold = new Fold({ extent: area(-5, -5, 10, 10), rules: { ...FREE_RULES, cooldown } })
  fold.nowMs += 1234
  fold.apply({
    type: RecordType.placed,
    body: placed([7, -5, -5, 3], [7, 1, 1, 3], [8, 50, 0, 3], [8, 0, 0, 99]),
  })
  fold.apply({ type: RecordType.painted, body: painted([9, 2, 2, 4, T0 - 5000], [9, -5, -5, 4, T0]) })
  fold.apply({ type: RecordType.locked, body: { lock: { id: 'a', ...area(3, 3, 1, 1), reason: '' } } })
  fold.apply({ type: RecordType.placed, body: placed([8, 3, 3, 3]) })
  const cell = { color: 3, player: 7, timeMs: T0 + 1234 }
  fold.apply({
    type: RecordType.restored,
    body: {
      kind: 'rollback',
      player: 7,
      reason: '',
      cells: [{ x: 0xfffb, y: 0xfffb, expected: cell, becomes: { color: 2, player: 6, timeMs: 1 } }],
    },
  })
  return fold
}

const LIFE = [
  ['2001-09-09 01:46:41.234', '2', 'p', 'placed', '7', '-5', '-5', '3', 'accepted'],
  ['2001-09-09 01:46:41.234', '2', 'p', 'placed', '7', '1', '1', '3', 'coolingDown'],
  ['2001-09-09 01:46:41.234', '2', 'p', 'placed', '8', '50', '0', '3', 'outOfRange'],
  ['2001-09-09 01:46:41.234', '2', 'p', 'placed', '8', '0', '0', '99', 'wrongColor'],
  ['2001-09-09 01:46:35', '3', 'p', 'painted', '9', '2', '2', '4', 'accepted'],
  ['2001-09-09 01:46:40', '3', 'p', 'painted', '9', '-5', '-5', '4', 'superseded'],
  ['2001-09-09 01:46:41.234', '5', 'p', 'placed', '8', '3', '3', '3', 'locked'],
  ['2001-09-09 01:46:41.234', '6', 'p', 'restored', '6', '-5', '-5', '2', 'accepted'],
]

test('[I41] Parquet has a row for every placement, refused ones too, with the verdict of the fold', async (t) => {
  const { count, rows } = await exported(t, 'parquet', [{ board: 'p', records: batchesOf(life().records) }])
  assert.deepEqual(rows, LIFE)
  assert.equal(count, LIFE.length)
})

test('[I41] CSV and NDJSON have the same rows', async (t) => {
  const records = () => batchesOf(life().records)
  const csv = await exported(t, 'csv', [{ board: 'p', records: records() }])
  const iso = (time = '') => `${time.replace(' ', 'T').replace(/(?<=:\d\d)$/, '.000')}Z`
  assert.deepEqual(String(csv.rows).trimEnd().split('\n'), [
    'time,position,board,kind,player,x,y,color,verdict',
    ...LIFE.map(([time, ...rest]) => [iso(time), ...rest].join(',')),
  ])
  const ndjson = await exported(t, 'ndjson', [{ board: 'p', records: records() }])
  const [first = ''] = String(ndjson.rows).split('\n')
  assert.deepEqual(JSON.parse(first), {
    ...{ time: '2001-09-09T01:46:41.234Z', position: 2, board: 'p', kind: 'placed', player: 7 },
    ...{ x: -5, y: -5, color: 3, verdict: 'accepted' },
  })
  assert.equal(String(ndjson.rows).trimEnd().split('\n').length, LIFE.length)
})

test('[I41] whatever happens on a board, each of its placements is a row', async (t) => {
  await fc.assert(
    fc.asyncProperty(manySteps, async (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      const { rows } = await exported(t, 'parquet', [{ board: 'p', records: batchesOf(fold.records) }])
      const canvas = new Canvas()
      const expected = fold.records.flatMap((record) => {
        const verdicts = [...canvas.apply(record, new Changes())].map(verdictName)
        const { type, body } = decodeBody(record.type, record.body)
        switch (type) {
          case RecordType.placed:
          case RecordType.painted:
            return verdicts.map((verdict, i) => [String(body.player[i]), String(body.color[i]), verdict])
          case RecordType.restored:
            return verdicts.map((verdict, i) => {
              const { player, color } = body.cells[i]?.becomes ?? {}
              return [String(player), String(color), verdict]
            })
          default:
            return []
        }
      })
      assert.deepEqual(
        (rows as Row[]).map((row) => [row[4], row[7], row[8]]),
        expected,
      )
    }),
    { numRuns: 8 },
  )
})

test('[I41] boards follow one another; what lies before a position is folded, and no row', async (t) => {
  const { records } = life()
  const { rows } = await exported(t, 'parquet', [
    { board: 'a', records: batchesOf(records), after: positionOf(5) },
    { board: "o'b", records: batchesOf(records), after: positionOf(3) },
  ])
  assert.deepEqual(
    (rows as Row[]).map(([, position, board, , , , , , verdict]) => [position, board, verdict]),
    [
      ['6', 'a', 'accepted'],
      ['5', "o'b", 'locked'],
      ['6', "o'b", 'accepted'],
    ],
  )
})

test('[I41] of an export that fails nothing is left, and what was there before stays', async (t) => {
  const folder = tempFolder(t)
  const out = join(folder, 'p.csv')
  const { records } = life()
  await exportPlacements([{ board: 'p', records: batchesOf(records) }], 'csv', out, () => {})
  const before = readFileSync(out, 'utf8')
  const broken = [{ board: 'p', records: batchesOf([...records.slice(0, 2), ...records.slice(0, 1)]) }]
  await assert.rejects(exportPlacements(broken, 'csv', out, () => {}))
  assert.deepEqual(readdirSync(folder), ['p.csv'])
  assert.equal(readFileSync(out, 'utf8'), before)
  const nowhere = join(folder, 'no', 'p.csv')
  await assert.rejects(
    exportPlacements([{ board: 'p', records: batchesOf(records) }], 'csv', nowhere, () => {}),
    { code: 'storage-failed' },
  )
  assert.equal(existsSync(join(folder, 'no')), false)
})
