import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture } from '../../test/support/captures.ts'
import { FakePlace } from '../../test/support/fake-place.ts'
import { pgliteFolder, pgliteTables } from '../../test/support/tables.ts'
import { type Log, positionOf } from '../log/port.ts'
import { project, reset } from '../store/sql/projection.ts'
import { countUrls, findUrl } from '../store/sql/urls.ts'
import { captureStream } from './records.ts'
import { captureTables } from './tables.ts'

const SOME = { records: 7, bytes: 1 << 20 }

async function* batches(log: Log, after: number) {
  for (let at = positionOf(after); ; ) {
    const records = await log.read(captureStream('place'), at, SOME)
    const last = records.at(-1)
    if (last === undefined) return
    yield records
    at = last.position
  }
}

test('[K19] the tables hold every frame and what became of it, and every change whose author was told', async (t) => {
  const source = await FakePlace.open(t)
  const historyUrl = source.settings().queryUrl
  const capture = await TestCapture.open(t, source, { historyUrl, historySockets: 1 })
  await capture.connected()
  await source.tick(0)
  const gone = await source.tickWithFault(0, 404)
  const last = await source.tick(0)
  await capture.settled()
  await capture.until('the answers', () => capture.canvas()?.openAsks === 0)
  await using tables = pgliteTables(t, await pgliteFolder(t))
  const projection = captureTables('place')
  const read = (after: number) => batches(capture.log, after)
  const rows = async () => ({
    counts: await tables.read('count', (db) => countUrls(db, 'place')),
    pixels: await tables.read('read', (db) =>
      db.selectFrom('pixels').selectAll().orderBy('y').orderBy('x').orderBy('modified').execute(),
    ),
  })
  await project(tables, projection, read)
  const first = await rows()
  const { counts } = capture.canvas()!
  assert.deepEqual([first.counts.stored, first.counts.missing, first.counts.waiting], [counts.stored, 1, 0])
  const base = source.settings().queryUrl.replace(/^ws(.*)\/query$/, 'http$1')
  const url = await tables.read('find', (db) => findUrl(db, 'place', `${base}/frames/${gone.name}`))
  assert.equal(url?.status, 'missing')
  const { width } = source.options
  for (const at of source.changed(last)) {
    const [x, y] = [at % width, Math.floor(at / width)]
    const tile = source.tile(0, x, y)!
    assert.deepEqual(
      first.pixels.find((row) => row.x === x && row.y === y && row.modified === tile.modifiedMs),
      {
        board: 'place',
        x,
        y,
        modified: tile.modifiedMs,
        player: `t2_${tile.user}`,
        name: tile.user,
        colour: source.rgb(last.cells[at]!),
      },
    )
  }
  await reset(tables, projection)
  assert.deepEqual((await rows()).pixels, [])
  await project(tables, projection, read)
  assert.deepEqual(await rows(), first)
})
