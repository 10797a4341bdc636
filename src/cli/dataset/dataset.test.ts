import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { CapturingServer, eventually, SourceServer } from '../../../test/support/capturing.ts'
import { spate } from '../../../test/support/cli.ts'
import { EXTRA_COLORS, FAKE_PALETTE, FakePlace } from '../../../test/support/fake-place.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { Duck, literal } from '../../archive/tables/duck.ts'

const FILES = [
  'README.md',
  'SHA256SUMS',
  'coverage.json',
  'frames',
  'frames.csv.gz',
  'pixels.csv.gz',
  'pixels.parquet',
]

/** Two canvases beside each other, with a frame that was gone and a colour that nobody had named. */
async function captured(t: TestContext): Promise<{ source: FakePlace; copy: CapturingServer }> {
  const canvases = [
    { index: 0, dx: -12, dy: 0 },
    { index: 1, dx: 12, dy: 0 },
  ]
  const [source, copy] = await Promise.all([FakePlace.open(t, { canvases }), CapturingServer.start(t)])
  const { pageUrl, queryUrl } = source.settings()
  const settings = {
    ...{ pageUrl, queryUrl, historyUrl: queryUrl, patienceMs: 200, breakMs: 25, downloadTries: 1 },
    ...{ acknowledgeMs: 500, retryFirstMs: 10, historyRequestsPerSecond: 1000 },
  }
  const begun = await (await copy.admin()).put('/api/captures/copy', { kind: 'place', settings })
  assert.equal(begun.status, 204, begun.text)
  await source.until(() => canvases.every(({ index }) => source.listeners(index).length === 2))
  for (let i = 0; i < 20; i++) await source.tick(i % 2)
  source.paint(1, 3, FAKE_PALETTE.length)
  await source.full(1)
  await source.tickWithFault(0, 404)
  await source.full(0)
  await source.tick(0)
  await eventually('all on the board', async () => {
    const { report } = await copy.capture('copy')
    return canvases.every(({ index }) => {
      const last = source.frames.findLast(({ canvas }) => canvas === index)
      const canvas = report.canvases.find((each) => each.canvas === index)
      return (
        canvas?.waiting === 0 && canvas.openAsks === 0 && canvas.covered.at(-1)?.toMs === last?.timestampMs
      )
    })
  })
  const stopped = await (await copy.admin()).delete('/api/captures/copy')
  assert.equal(stopped.status, 204, stopped.text)
  return { source, copy }
}

function unzipped(folder: string, name: string): string[] {
  return gunzipSync(readFileSync(join(folder, name)))
    .toString()
    .trimEnd()
    .split('\n')
}

function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [path.slice(folder.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex')]
      }),
  )
}

test('[K50] [K51] [K52] what was captured is published, and imported it is the same picture', async (t) => {
  const { source, copy } = await captured(t)
  const place = tempFolder(t)
  const [first, second] = [join(place, 'first'), join(place, 'second')]
  const run = await copy.spate('export', 'dataset', 'copy', '--to', first)
  assert.equal(run.code, 0, run.stderr)
  assert.deepEqual(readdirSync(place), ['first'])
  assert.deepEqual(readdirSync(first).sort(), FILES)

  const { report } = await copy.capture('copy')
  const [heading, ...rows] = unzipped(first, 'pixels.csv.gz')
  assert.equal(heading, 'timestamp,user_id,pixel_color,coordinate')
  const times = rows.map((row) => row.slice(0, 27))
  assert.deepEqual(times, times.toSorted())
  for (const row of rows) {
    assert.match(row, /^2022-04-0\d \d\d:\d\d:\d\d\.\d{3} UTC,(t2_user\d+)?,#[0-9A-F]{6},"-?\d+,\d+"$/)
  }
  const told = rows.filter((row) => /UTC,t2_user\d+,/.test(row)).length
  assert.ok(told > 40, `${told} authors`)
  assert.match(
    run.stdout.toString(),
    new RegExp(`^${rows.length} changes of pixels, ${framesOf(source)} frames; `),
  )

  // Frames: each once, with what became of it; pictures by their hash.
  const [index, ...frames] = unzipped(first, 'frames.csv.gz')
  assert.equal(index, 'name,timestamp,canvas,kind,sha256,size,status')
  assert.equal(frames.length, framesOf(source))
  const missing = frames.filter((row) => row.endsWith(',missing'))
  assert.deepEqual(
    missing.map((row) => row.split(',').slice(2)),
    [['0', 'diff', '', '', 'missing']],
  )
  for (const row of frames.filter((each) => each.endsWith(',stored'))) {
    const [, , , , sha256 = '', size] = row.split(',')
    const bytes = readFileSync(join(first, 'frames', sha256.slice(0, 2), `${sha256}.png`))
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256)
    assert.equal(bytes.length, Number(size))
  }

  // Everything is vouched for by its hash, and what is not covered is said.
  const actual = filesOf(first)
  const sums = readFileSync(join(first, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
  actual.delete('SHA256SUMS')
  assert.deepEqual(new Map(sums.map((line) => [line.slice(66), line.slice(0, 64)])), new Map([...actual]))
  const text = readFileSync(join(first, 'README.md'), 'utf8')
  const holes = report.canvases.map((canvas) => canvas.holes)
  assert.deepEqual(
    holes.map((all) => all.map(({ causes }) => causes)),
    [[['missing']], [['mismatch']]],
  )
  for (const { fromMs, toMs, causes } of holes.flat()) {
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString())
    assert.ok(text.includes(`| ${from} | ${to} | ${toMs - fromMs} | ${causes} |`), text)
  }
  assert.ok(text.includes(actual.get('pixels.parquet') ?? 'no hash'))
  assert.ok(text.includes(`\n${rows.length} changes of pixels, ${told} with their author, `), text)
  const coverage = JSON.parse(readFileSync(join(first, 'coverage.json'), 'utf8'))
  assert.deepEqual(coverage.canvases[0].holes, report.canvases[0]?.holes)

  // Parquet: the same rows, with who and how they were shown.
  using duck = await Duck.open(undefined, undefined)
  const parquet = literal(join(first, 'pixels.parquet'))
  const csv = literal(join(first, 'pixels.csv.gz'))
  const { rows: differing } = await duck.query(`SELECT
    (SELECT count(*) FROM ${parquet}) - (SELECT count(*) FROM ${csv}),
    (SELECT count(*) FROM ${parquet} AS p POSITIONAL JOIN read_csv(${csv}, all_varchar = true) AS c
      WHERE p.user_id IS DISTINCT FROM c.user_id OR p.pixel_color <> c.pixel_color OR p.x || ',' || p.y <> c.coordinate
        OR strftime(p."timestamp", '%Y-%m-%d %H:%M:%S.%g UTC') <> c."timestamp"),
    (SELECT count(*) FROM ${parquet} WHERE user_id IS NOT NULL AND (modified IS NULL OR modified > "timestamp")),
    (SELECT string_agg(DISTINCT shown_by ORDER BY shown_by) FROM ${parquet})`)
  assert.deepEqual(await Array.fromAsync(differing), [['0', '0', '0', 'diff,full']])

  // Imported as the README says, it is the same picture, with its authors.
  const command = /^ {4}spate board import --board copy (.*) pixels\.csv\.gz$/m.exec(text)?.[1] ?? ''
  assert.match(command, new RegExp(`#${EXTRA_COLORS[0]?.toString(16).padStart(6, '0')}`, 'i'))
  const args = command.split(' ').map((word) => word.replaceAll("'", ''))
  const imported = await copy.spate(
    'board',
    'import',
    '--board',
    'again',
    ...args,
    join(first, 'pixels.csv.gz'),
  )
  assert.equal(imported.code, 0, imported.stderr)
  assert.deepEqual(await copy.image('again'), await copy.image('copy'))

  // The same streams, the same bytes.
  assert.equal((await copy.spate('export', 'dataset', 'copy', '--to', second)).code, 0)
  assert.deepEqual(filesOf(second), filesOf(first))
})

test('[K53] a dataset is whole or not there', async (t) => {
  const { copy } = await captured(t)
  const to = join(tempFolder(t), 'out')
  const unknown = await copy.spate('export', 'dataset', 'nothing', '--to', to)
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'spate: there is no capture "nothing"\n'])
  const kept = await copy.spate('export', 'dataset', 'copy', '--no-frames', '--to', to)
  assert.equal(kept.code, 0, kept.stderr)
  assert.ok(!existsSync(join(to, 'frames')))
  const onto = await copy.spate('export', 'dataset', 'copy', '--to', to)
  assert.deepEqual([onto.code, onto.stderr], [1, `spate: ${to} holds something: name a new folder\n`])
  const objects = join(copy.server.dataFolder, 'objects')
  const [lost] = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.png'),
  )
  assert.ok(lost !== undefined)
  rmSync(join(objects, lost))
  const place = tempFolder(t)
  const failed = await copy.spate('export', 'dataset', 'copy', '--to', join(place, 'out'))
  assert.equal(failed.code, 1)
  assert.ok(failed.stderr.includes(basename(lost)), failed.stderr)
  assert.deepEqual(readdirSync(place), [])
})

function framesOf(source: FakePlace): number {
  return new Set(source.frames.map(({ name }) => name)).size
}

test('[K50] what was captured of another Spate is published with its players', async (t) => {
  const [source, copy] = await Promise.all([SourceServer.start(t, 3), CapturingServer.start(t)])
  await source.paint(0, 40)
  const settings = { url: source.server.url, board: 'event' }
  const begun = await (await copy.admin()).put('/api/captures/copy', { kind: 'spate', settings })
  assert.equal(begun.status, 204, begun.text)
  await eventually('the same cells', async () => (await source.image()).equals(await copy.image('copy')))
  const to = join(tempFolder(t), 'out')
  const run = await copy.spate('export', 'dataset', 'copy', '--to', to)
  assert.equal(run.code, 0, run.stderr)
  const [, ...rows] = unzipped(to, 'pixels.csv.gz')
  assert.equal(rows.length, 40)
  assert.deepEqual(new Set(rows.map((row) => row.split(',')[1])).size, 3)
  assert.match(readFileSync(join(to, 'README.md'), 'utf8'), /^40 changes of pixels, 40 with their author, /m)
  assert.deepEqual(unzipped(to, 'frames.csv.gz').length, 1)

  // A feed has nothing of the kind.
  const url = `${source.server.url}/api/boards/event/placements`
  const fed = await (await copy.admin()).put('/api/captures/feed', { kind: 'feed', settings: { url } })
  assert.equal(fed.status, 204, fed.text)
  const none = await copy.spate('export', 'dataset', 'feed', '--to', `${to}-feed`)
  assert.equal(none.code, 1)
  assert.match(none.stderr, /^spate: "feed" is a feed, which has no pixels/)

  // Asked from elsewhere, it is the server that is named.
  const [elsewhere, again] = [tempFolder(t), join(tempFolder(t), 'again')]
  const named = ['--url', copy.server.url, '--token', await copy.server.adminToken()]
  const far = await spate(elsewhere, 'export', 'dataset', 'copy', ...named, '--to', again)
  assert.equal(far.code, 0, far.stderr)
  assert.deepEqual(readdirSync(elsewhere), [])
  assert.deepEqual(filesOf(again), filesOf(to))
})
