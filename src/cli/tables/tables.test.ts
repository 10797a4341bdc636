import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folderObjects } from '../../../test/support/archive.ts'
import { Fold } from '../../../test/support/boards.ts'
import { spate } from '../../../test/support/cli.ts'
import { ManualClock } from '../../../test/support/clock.ts'
import { ADMIN_TOKEN } from '../../../test/support/http.ts'
import { ServerProcess } from '../../../test/support/server.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { DataFolder } from '../../app/data-folder.ts'
import { SEAL_LIMITS, Sealer } from '../../archive/sealer.ts'
import { boardStream } from '../../boards/host.ts'
import { MemoryLog } from '../../log/memory.ts'

/** The archive of one board, with three placements of which one is refused. */
async function archive(t: TestContext): Promise<string> {
  const { objects, folder } = folderObjects(t)
  const log = new MemoryLog(new ManualClock())
  const fold = new Fold({ id: 'p' })
  fold.place([1, 10, 0, 3], [2, 500, 0, 3], [12, 11, 0, 4])
  await log.append(boardStream('p'), fold.records)
  const clock = new ManualClock()
  await using sealer = new Sealer({ objects, log, clock, onError: () => {} }, SEAL_LIMITS)
  await sealer.sealAll()
  return folder
}

const HEADING = 'time,position,board,kind,player,x,y,color,verdict'

test('[I41] a server’s history is exported, with every verdict', async (t) => {
  const server = await ServerProcess.start(t, { SPATE_ADMIN_TOKEN: ADMIN_TOKEN })
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
  for (const [x, c] of [
    [3, 4],
    [3, 5],
  ]) {
    const body = JSON.stringify({ x, y: 2, c })
    const answer = await fetch(`${server.url}/api/boards/lobby/edit`, { method: 'POST', headers, body })
    assert.equal(answer.status, 200)
  }
  const files = tempFolder(t)
  const out = join(files, 'lobby.csv')
  const run = await spate(server.dataFolder, 'export', 'csv', '--token', ADMIN_TOKEN, '--out', out)
  assert.equal(run.code, 0, run.stderr)
  assert.equal(run.stdout.toString(), '2 rows of 1 boards\n')
  assert.match(run.stderr, /^reading: 100%, \d+s$/m)
  assert.deepEqual(readdirSync(files), ['lobby.csv'])
  const [heading, ...rows] = readFileSync(out, 'utf8').trimEnd().split('\n')
  assert.equal(heading, HEADING)
  assert.deepEqual(
    rows.map((row) => row.split(',').slice(2)),
    [
      ['lobby', 'placed', '1', '3', '2', '4', 'accepted'],
      ['lobby', 'placed', '1', '3', '2', '5', 'accepted'],
    ],
  )
})

test('[I41] an archive is exported without a server; a board that is not there is said', async (t) => {
  const folder = await archive(t)
  const files = tempFolder(t)
  const out = join(files, 'p.csv')
  const run = await spate(tempFolder(t), 'export', 'csv', '--objects', folder, '--board', 'p', '--out', out)
  assert.deepEqual([run.code, run.stdout.toString()], [0, '3 rows of 1 boards\n'], run.stderr)
  assert.equal(readFileSync(out, 'utf8').split('\n')[2]?.split(',').at(-1), 'outOfRange')
  const none = await spate(tempFolder(t), 'export', 'csv', '--objects', folder, '--board', 'q', '--out', out)
  assert.deepEqual([none.code, none.stderr], [1, 'spate: there is no board "q"\n'])
  const nowhere = await spate(tempFolder(t), 'export', 'csv', '--objects', folder, '--out', '-')
  assert.deepEqual(
    [nowhere.code, nowhere.stderr],
    [1, 'spate: a table is written to a file: name it with --out\n'],
  )
})

test('[I43] a query is answered as a table that ends where it is told to, or as CSV', async (t) => {
  const folder = await archive(t)
  const data = tempFolder(t)
  const ask = (...args: string[]) => spate(data, 'query', '--objects', folder, ...args)
  const sql = 'SELECT player, verdict, NULL AS "a,b" FROM placements ORDER BY player'
  const whole = await ask(sql)
  assert.equal(whole.code, 0, whole.stderr)
  assert.equal(
    whole.stdout.toString(),
    [
      'player  verdict      a,b',
      '     1  accepted    NULL',
      '     2  outOfRange  NULL',
      '    12  accepted    NULL',
      '',
    ].join('\n'),
  )
  const cut = await ask(sql, '--rows', '2')
  assert.deepEqual(cut.stdout.toString().split('\n').slice(3), [
    '… the first 2 rows; --rows says how many, --csv writes all',
    '',
  ])
  const csv = await ask(sql, '--csv', '--rows', '2')
  assert.equal(csv.stdout.toString(), 'player,verdict,"a,b"\n1,accepted,\n2,outOfRange,\n12,accepted,\n')
  const wrong = await ask('SELECT nope FROM placements')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /^spate: Binder Error: Referenced column "nope" not found/)
  assert.doesNotMatch(wrong.stderr, /at .*\.ts/)
})

test('[I43] one process at a time makes the Parquet', async (t) => {
  const folder = await archive(t)
  const data = tempFolder(t)
  const ask = () => spate(data, 'query', '--objects', folder, 'SELECT count(*) AS n FROM placements')
  const claim = await DataFolder.claim(join(data, 'parquet'))
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(stderr, /^spate: the data folder .*parquet is in use/)
  claim[Symbol.dispose]()
  assert.equal((await ask()).stdout.toString(), 'n\n3\n')
})
