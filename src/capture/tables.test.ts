import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture } from '../../test/support/captures.ts'
import { FakePlace } from '../../test/support/fake-place.ts'
import { TestFollower } from '../../test/support/followers.ts'
import { HttpServer } from '../../test/support/http.ts'
import { pgliteFolder, pgliteTables } from '../../test/support/tables.ts'
import { type Log, positionOf } from '../log/port.ts'
import { cellHistory } from '../store/sql/pixels.ts'
import { project, reset } from '../store/sql/projection.ts'
import { countUrls, findUrl } from '../store/sql/urls.ts'
import { captureStream } from './records.ts'
import { captureTables } from './tables.ts'

const SOME = { records: 7, bytes: 1 << 20 }

async function* batches(log: Log, after: number, name = 'place') {
  for (let at = positionOf(after); ; ) {
    const records = await log.read(captureStream(name), at, SOME)
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

test('[K19] of another Spate every placement is a row, with its player and colour', async (t) => {
  const server = await HttpServer.withLobby(t)
  const [ann, ben] = [await server.visitor(), await server.visitor()]
  await ann.place(3, 4, 2)
  await server.services.players.rename(1, 'Ann')
  server.clock.nowMs += 1000
  await ben.place(3, 4, 5)
  const host = server.services.boards.get('lobby')
  const { timeMs, info } = host.canvas
  const follower = await TestFollower.open(t, server.url)
  await follower.reached(host)
  await using tables = pgliteTables(t, await pgliteFolder(t))
  await project(tables, captureTables('followed'), (after) => batches(follower.log, after, 'followed'))
  const cell = { board: 'followed', x: 3, y: 4 }
  assert.deepEqual(await tables.read('history', (db) => cellHistory(db, 'followed', 3, 4, 10)), [
    { ...cell, modified: timeMs, player: 'player-2', name: null, colour: info.palette[5] },
    { ...cell, modified: timeMs - 1000, player: 'player-1', name: 'Ann', colour: info.palette[2] },
  ])
})
