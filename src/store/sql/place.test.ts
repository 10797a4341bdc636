import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { messageOf } from '../../base/errors.ts'
import { parseTablesPlace } from './place.ts'

test('[D16] the place of tables is pglite: or an address of a Postgres with a schema', () => {
  assert.deepEqual(parseTablesPlace('pglite:'), { kind: 'pglite' })
  const plain = parseTablesPlace('postgres://ada:pass@db.example.org:5433/events?sslmode=require')
  assert.ok(plain.kind === 'postgres')
  assert.equal(plain.url(), 'postgres://ada:pass@db.example.org:5433/events?sslmode=require')
  assert.equal(plain.schema, 'spate')
  const named = parseTablesPlace('postgresql://db.example.org/events?schema=mine_2')
  assert.ok(named.kind === 'postgres')
  assert.deepEqual([named.url(), named.schema], ['postgresql://db.example.org/events', 'mine_2'])
})

test('[D16] anything else is refused without being repeated, and a place that is printed shows no password', () => {
  for (const text of [
    '',
    'pglite:folder',
    'mysql://ada:s3cret@host/db',
    'postgres://ada:s3cret@host',
    'postgres://ada:s3cret@host:port/db',
    'postgres://ada:s3cret@host/db?schema=Mine',
    `postgres://ada:s3cret@host/db?schema=${'x'.repeat(49)}`,
    'postgres://ada:s3cret@host/db?schema=1;drop',
  ]) {
    assert.throws(
      () => parseTablesPlace(text),
      (error) => !messageOf(error).includes('s3cret') && Reflect.get(Object(error), 'code') === 'invalid',
      text,
    )
  }
  const place = parseTablesPlace('postgres://ada:s3cret@host/db')
  assert.ok(!`${inspect(place)}${JSON.stringify(place)}`.includes('s3cret'))
})
