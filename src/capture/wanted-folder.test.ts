import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../test/support/tmp.ts'
import type { SpateError } from '../base/errors.ts'
import { WantedFolder } from './wanted-folder.ts'

const PLACE = { kind: 'place', settings: { token: 'a-secret', lines: 3 } } as const
const FEED = { kind: 'feed', settings: { url: 'wss://e.org/' } } as const

test('[K23] what is followed is kept in files for their owner alone, each replaced as a whole', async (t) => {
  const path = join(tempFolder(t), 'captures')
  const folder = new WantedFolder(path)
  const none = (name: string): void => assert.fail(name)
  assert.deepEqual(await folder.all(none), new Map())
  await folder.put('a.place', PLACE)
  await folder.put('river', PLACE)
  await folder.put('river', FEED)
  await folder.put('gone', FEED)
  await folder.remove('gone')
  await folder.remove('gone')
  assert.deepEqual(
    await new WantedFolder(path).all(none),
    new Map<string, object>([
      ['a.place', PLACE],
      ['river', FEED],
    ]),
  )
  assert.deepEqual(
    readdirSync(path).map((file) => [file, statSync(join(path, file)).mode & 0o777]),
    [
      ['a.place.json', 0o600],
      ['river.json', 0o600],
    ],
  )
  assert.equal(statSync(path).mode & 0o777, 0o700)
})

test('[K23] a file that cannot be read is named, and holds no other up', async (t) => {
  const path = tempFolder(t)
  const folder = new WantedFolder(path)
  await folder.put('river', FEED)
  for (const [name, text] of [
    ['half', '{"version":1,'],
    ['later', '{"version":2,"kind":"place","settings":{}}'],
    ['empty', '{"version":1}'],
  ] as const) {
    writeFileSync(join(path, `${name}.json`), text)
  }
  const bad = new Map<string, SpateError>()
  assert.deepEqual(await folder.all((name, error) => bad.set(name, error)), new Map([['river', FEED]]))
  assert.deepEqual([...bad.keys()], ['empty', 'half', 'later'])
  for (const [name, { code, message }] of bad) {
    assert.equal(code, 'corrupt')
    assert.match(message, new RegExp(`/${name}\\.json: `))
  }
})
