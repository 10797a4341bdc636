import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import { requires } from '../../../test/support/requires.ts'
import { ownPostgres, postgresPlace, postgresTables } from '../../../test/support/tables.ts'
import { allPixels, describeTables, PIXEL } from './contract.ts'
import { openTables } from './open.ts'
import { upsertPixels } from './pixels.ts'
import { parseTablesPlace } from './place.ts'
import { TABLE_LIMITS, type Tables } from './port.ts'

const skip = requires('postgres')

describeTables('Postgres', { skip }, async (t) => {
  const place = postgresPlace(t)
  return { open: () => postgresTables(t, place) }
})

test('[D17] servers that start at once on an empty database all find the tables made', {
  skip,
}, async (t) => {
  const place = postgresPlace(t)
  const all = Array.from({ length: 4 }, () => postgresTables(t, place))
  assert.deepEqual(await Promise.all(all.map(allPixels)), [[], [], [], []])
})

test('[D14] a statement that takes too long is ended, and the next one works', { skip }, async (t) => {
  const limits = { ...TABLE_LIMITS, statementMs: 200 }
  const tables = openTables(postgresPlace(t), '', { limits, onDiscarded: () => {} })
  t.after(() => tables[Symbol.asyncDispose]())
  await allPixels(tables)
  const endless = tables.read('wait', (db) => sql`select pg_sleep(60)`.execute(db))
  await assert.rejects(endless, { code: 'unavailable', retryable: true })
  assert.deepEqual(await allPixels(tables), [])
})

test('[D18] a server that is down is unavailable, and used again once it is back', { skip }, async (t) => {
  const own = await ownPostgres(t)
  await using tables = postgresTables({ after: () => {} }, own.place)
  await tables.change('write', (db) => upsertPixels(db, [PIXEL]))
  await own.stop()
  await assert.rejects(allPixels(tables), { code: 'unavailable', retryable: true })
  await using fresh = postgresTables({ after: () => {} }, own.place)
  await assert.rejects(allPixels(fresh), { code: 'unavailable', retryable: true })
  await own.start()
  assert.deepEqual(await allPixels(tables), [PIXEL])
  assert.deepEqual(await allPixels(fresh), [PIXEL])
})

test('[D19] what a database answers to a wrong password is unauthorized, and no error shows the password', async (t) => {
  const answers: ((socket: Socket) => void)[] = [
    (socket) => socket.end(errorResponse('28P01', 'password authentication failed for user "ada"')),
    (socket) => socket.end(errorResponse('3D000', 'database "events" does not exist')),
    (socket) => socket.destroy(),
  ]
  const codes: unknown[] = []
  for (const answer of answers) {
    const server = createServer((socket) => socket.once('data', () => answer(socket))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const place = parseTablesPlace(`postgres://ada:s3cret@127.0.0.1:${address.port}/events`)
    await using tables: Tables = openTables(place, '', { limits: TABLE_LIMITS, onDiscarded: () => {} })
    const error: unknown = await allPixels(tables).then(
      () => assert.fail('it answered'),
      (reason: unknown) => reason,
    )
    codes.push(Reflect.get(Object(error), 'code'))
    assert.ok(!inspect(error, { depth: 10 }).includes('s3cret'), inspect(error, { depth: 10 }))
  }
  assert.deepEqual(codes, ['unauthorized', 'invalid', 'unavailable'])
})

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
function errorResponse(state: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${state}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

test('[D20] a transaction in which nothing happens for too long is ended, and others go on', {
  skip,
}, async (t) => {
  const limits = { ...TABLE_LIMITS, idleTransactionMs: 300 }
  const tables = openTables(postgresPlace(t), '', { limits, onDiscarded: () => {} })
  t.after(() => tables[Symbol.asyncDispose]())
  await allPixels(tables)
  const idle = Promise.withResolvers<void>()
  const stuck = tables.change('write', async (db) => {
    await upsertPixels(db, [PIXEL])
    await idle.promise
    await upsertPixels(db, [{ ...PIXEL, x: 2 }])
  })
  const behind = allPixels(tables).catch(() => [])
  assert.deepEqual(await behind, [])
  await new Promise((resolve) => setTimeout(resolve, 500))
  idle.resolve()
  await assert.rejects(stuck, { code: 'unavailable', retryable: true })
  assert.deepEqual(await allPixels(tables), [])
})
