import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { plain } from '../../test/support/archive.ts'
import { area, placed } from '../../test/support/boards.ts'
import { HttpServer } from '../../test/support/http.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { MemoryLog } from '../log/memory.ts'
import { type LogRecord, type Position, positionOf, type ReadLimit, START } from '../log/port.ts'
import { decodeRecords } from '../log/record-stream.ts'

const CSV = '/api/boards/lobby/history.csv'
const NDJSON = '/api/boards/lobby/history.ndjson'
const RECORDS = '/api/boards/lobby/records'
const AT = '2026-01-01 00:00:00.000 UTC'

/** A log whose reads of a board's past are counted, and can be made to fail. */
class WatchedLog extends MemoryLog {
  reads = 0
  failFrom = Number.POSITIVE_INFINITY

  override async read(stream: string, after: Position, limit: ReadLimit): Promise<LogRecord[]> {
    // Those that follow a stream read with other limits.
    if (limit.records === 2048) {
      this.reads += 1
      if (this.reads >= this.failFrom) throw new SpateError('storage-failed', 'the disk is gone')
    }
    return super.read(stream, after, limit)
  }
}

/** A board with 20,000 records of ten placements each: 30 MB of NDJSON in ten reads. */
async function longHistory(t: Parameters<typeof HttpServer.withLobby>[0]) {
  const log = new WatchedLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const host = server.services.boards.get('lobby')
  const record = (color: number) => ({
    type: RecordType.placed,
    body: placed(...Array.from({ length: 10 }, (_, x) => [1, x, 0, color] as const)),
  })
  for (let i = 0; i < 20; i++) {
    await host.append(Array.from({ length: 1000 }, (_, k) => record(1 + (k % 2))))
  }
  log.reads = 0
  return { server, log }
}

test('[I26] [I27] what showed is exported in the order of the log, refused and unchanged intents are not', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: area(-2, -2, 4, 4) })
  const ann = await server.visitor()
  await ann.place(-2, -2, 5)
  await ann.place(-2, -2, 5)
  await ann.place(50, 50, 5)
  await server.admin.post('/api/sources/place2017/authors', { names: ['ben'] })
  await server.admin.post('/api/boards/lobby/painted', {
    ...{ x: [0, 1, -2], y: [0, 1, -2], color: [1, 2, 3], player: [2, 0, 2] },
    timeMs: [1500, 1500, 1500],
  })
  await server.admin.post('/api/boards/lobby/rollbacks', { player: 1 })

  const csv = await server.admin.get(CSV)
  assert.equal(csv.status, 200)
  assert.match(csv.headers['content-type'] ?? '', /^text\/csv/)
  assert.equal(csv.headers['x-content-version'], '4')
  assert.equal(
    csv.text,
    [
      'timestamp,user_id,pixel_color,coordinate',
      `${AT},player-1,#E50009,"-2,-2"`,
      '1970-01-01 00:00:01.500 UTC,ben,#E4E4E4,"0,0"',
      '1970-01-01 00:00:01.500 UTC,,#888888,"1,1"',
      `${AT},restored,#FFFFFF,"-2,-2"`,
      '',
    ].join('\n'),
  )

  const lines = (await server.admin.get(NDJSON)).text.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ kind, position, player }) => [kind, position, player?.key]),
    [
      ['placed', 2, server.services.players.player(1)?.key],
      ['painted', 3, 's:place2017/ben'],
      ['painted', 3, undefined],
      ['restored', 4, undefined],
      ['end', 4, undefined],
    ],
  )
})

test('[I26] a shadow-banned player’s edits are in no export', async (t) => {
  const server = await HttpServer.withLobby(t)
  const ann = await server.visitor()
  await ann.place(1, 1, 5)
  await server.admin.post('/api/boards/lobby/bans', { player: 1, shadow: true })
  await ann.place(2, 2, 5)
  assert.equal((await server.admin.get(CSV)).text.split('\n').length, 1 + 1 + 1)
})

test('[I42] a board’s records are had as they are stored, by the organiser, with their end', async (t) => {
  const log = new MemoryLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const ann = await server.visitor()
  await ann.place(1, 1, 5)
  await ann.place(1, 1, 6)
  const { bytes, headers, status } = await server.admin.get(RECORDS)
  assert.deepEqual([status, headers['x-content-version']], [200, '3'])
  const sent = await Array.fromAsync(decodeRecords(Readable.from([bytes])))
  const stored = await log.read('board/lobby', START, { records: 10, bytes: 1e6 })
  assert.deepEqual(plain(sent.flat()), plain(stored))

  for (const upTo of [2, 3]) {
    await log.trim('board/lobby', positionOf(upTo))
    assert.equal((await server.admin.get(RECORDS)).status, 410, 'the log does not have all')
  }
})

test('[I28] only the organiser exports, only what there is', async (t) => {
  const server = await HttpServer.withLobby(t)
  for (const path of [CSV, NDJSON, RECORDS]) {
    assert.equal((await server.client().get(path)).status, 401)
    assert.equal((await (await server.visitor()).get(path)).status, 403)
    assert.equal((await server.admin.get(path.replace('lobby', 'nope'))).status, 404)
  }
})

test('[I28] an export is read as fast as it is taken', async (t) => {
  const { server, log } = await longHistory(t)
  const response = await fetch(server.url + NDJSON, { headers: server.admin.headers })
  const reader = response.body?.getReader()
  assert.ok(reader !== undefined)
  await reader.read()
  // Long after whoever is not held back would have read it all.
  for (let turn = 0; turn < 5_000; turn++) await setImmediate()
  assert.ok(log.reads < 8, `${log.reads} reads of ten`)
  let bytes = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length
  assert.ok(bytes > 20_000_000, `${bytes}`)
  assert.ok(log.reads >= 10)
})

test('[I28] what breaks off is no whole answer, and gives its place up', async (t) => {
  const { server, log } = await longHistory(t)
  log.failFrom = 3
  for (let i = 0; i < 3; i++) {
    log.reads = 0
    const response = await fetch(server.url + CSV, { headers: server.admin.headers })
    assert.equal(response.status, 200)
    await assert.rejects(response.text(), /terminated/)
  }
  log.failFrom = Number.POSITIVE_INFINITY
  const whole = (await server.admin.get(CSV)).text
  assert.equal(whole.split('\n').length, 200_000 + 2)
})

test('[I28] two at once; who goes away makes room', async (t) => {
  const { server } = await longHistory(t)
  const stop = new AbortController()
  const start = () => fetch(server.url + CSV, { headers: server.admin.headers, signal: stop.signal })
  const [first, second] = [await start(), await start()]
  assert.deepEqual([first.status, second.status], [200, 200])
  const third = await start()
  assert.equal(third.status, 503)
  await third.text()
  stop.abort()
  let status = 503
  while (status === 503) {
    const answer = await fetch(server.url + NDJSON, { headers: server.admin.headers })
    status = answer.status
    await answer.body?.cancel()
  }
  assert.equal(status, 200)
})

test('[I28] HTTP/1.0 is refused: it could not tell a part from the whole', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end(`GET ${CSV} HTTP/1.0\r\nAuthorization: ${server.admin.headers.authorization}\r\n\r\n`)
  const answer = Buffer.concat(await Array.fromAsync(socket)).toString()
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /use HTTP\/1\.1/)
})
