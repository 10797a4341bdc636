import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folderObjects } from '../../../test/support/archive.ts'
import { Fold } from '../../../test/support/boards.ts'
import { ManualClock } from '../../../test/support/clock.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { SpateError } from '../../base/errors.ts'
import { boardStream } from '../../boards/host.ts'
import { MemoryLog } from '../../log/memory.ts'
import { SEAL_LIMITS, Sealer } from '../sealer.ts'
import { refreshParquet } from './parquet.ts'
import { PlacementQuery } from './query.ts'

/** An archive that grows, and a folder for its Parquet. */
class Archive {
  readonly objects
  readonly log = new MemoryLog(new ManualClock())
  readonly folder: string

  constructor(t: TestContext) {
    this.objects = folderObjects(t).objects
    this.folder = join(tempFolder(t), 'parquet')
  }

  /** Seals what a board has had since the last time. */
  async seal(id: string, fold: Fold, from = 0): Promise<void> {
    await this.log.append(boardStream(id), fold.records.slice(from))
    const { objects, log } = this
    await using sealer = new Sealer(
      {
        objects,
        log,
        clock: new ManualClock(),
        onError: (_stream, error) => {
          throw error
        },
      },
      SEAL_LIMITS,
    )
    await sealer.sealAll()
  }

  refresh(): Promise<string[]> {
    return refreshParquet(this.objects, this.folder, () => {})
  }

  async rows(sql: string): Promise<(string | null)[][]> {
    using placements = await PlacementQuery.open(await this.refresh(), this.folder)
    const rows = await Array.fromAsync((await placements.query(sql)).rows)
    return rows.map((row) => [...row])
  }
}

const ALL = 'SELECT board, player, x, verdict FROM placements ORDER BY ALL'

test('[I43] the archive’s placements can be asked; what it gets later is added, in a file of its own', async (t) => {
  const archive = new Archive(t)
  const fold = new Fold()
  fold.place([1, 10, 0, 3], [2, 500, 0, 3])
  await archive.seal('p', fold)
  const first = [
    ['p', '1', '10', 'accepted'],
    ['p', '2', '500', 'outOfRange'],
  ]
  assert.deepEqual(await archive.rows(ALL), first)
  const [file = ''] = await archive.refresh()
  const madeMs = statSync(file).mtimeMs

  const known = fold.records.length
  // Judged by what the first file's records left.
  fold.place([3, 10, 0, 3])
  await archive.seal('p', fold, known)
  const other = new Fold({ id: 'q' })
  other.place([4, 1, 1, 1])
  await archive.seal('q', other)
  assert.deepEqual(await archive.rows(ALL), [
    ...first,
    ['p', '3', '10', 'unchanged'],
    ['q', '4', '1', 'accepted'],
  ])
  assert.equal(statSync(file).mtimeMs, madeMs, 'made anew')
  assert.deepEqual(readdirSync(archive.folder), ['p', 'q'])
  assert.equal(readdirSync(join(archive.folder, 'p')).length, 2)
})

test('[I43] files of another archive, of boards that are none, or half made, go', async (t) => {
  const archive = new Archive(t)
  const fold = new Fold()
  fold.place([1, 10, 0, 3])
  await archive.seal('p', fold)
  mkdirSync(join(archive.folder, 'gone'), { recursive: true })
  mkdirSync(join(archive.folder, 'p', '00000001-00000001-0123456789abcdef.parquet.work'), { recursive: true })
  writeFileSync(join(archive.folder, 'p', '00000001-00000001-0123456789abcdef.parquet'), 'no Parquet')
  writeFileSync(join(archive.folder, 'p', '00000002-00000002-0123456789abcdef.parquet'), 'no Parquet')
  assert.deepEqual(await archive.rows(ALL), [['p', '1', '10', 'accepted']])
  assert.deepEqual(readdirSync(archive.folder), ['p'])
  assert.equal(readdirSync(join(archive.folder, 'p')).length, 1)
})

test('[I43] an archive without boards has no rows, but its columns', async (t) => {
  const archive = new Archive(t)
  assert.deepEqual(await archive.rows(ALL), [])
  assert.deepEqual(await archive.rows("SELECT count(*), sum(x) FROM placements WHERE time > '2020-01-01'"), [
    ['0', null],
  ])
})

test('[I43] a query reads the archive and nothing else, and what is wrong with it is said', async (t) => {
  const archive = new Archive(t)
  await archive.seal('p', new Fold())
  const secret = join(tempFolder(t), 'secret.csv')
  writeFileSync(secret, 'a\n1\n')
  const refused = [
    ['SELEC 1', /^Parser Error: syntax error at or near "SELEC"/],
    ['SELECT nope FROM placements', /^Binder Error: Referenced column "nope" not found/],
    [`SELECT * FROM '${secret}'`, /^Permission Error: .*disabled/s],
    [`SELECT * FROM read_text('${secret}')`, /^Permission Error: /],
    [`COPY placements TO '${secret}'`, /^Permission Error: /],
    ["SELECT * FROM 'https://127.0.0.1:9/a.parquet'", /^(Permission|Missing Extension) Error: /],
    ['SET enable_external_access = true', /^Invalid Input Error: Cannot (change|enable)/],
    [`ATTACH '${secret}'`, /^Permission Error: /],
    ['INSTALL httpfs', /^Permission Error: /],
    ['SELECT 1; LOAD httpfs', /Error: /],
    ["SELECT error('stopped') FROM range(3)", /stopped/],
  ] as const
  for (const [sql, message] of refused) {
    await assert.rejects(archive.rows(sql), (error) => {
      assert.ok(error instanceof SpateError, String(error))
      assert.equal(error.code, 'invalid')
      assert.match(error.message, message)
      return true
    })
  }
})
