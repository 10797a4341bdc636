import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { coded } from '../../test/support/coded.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { DataFolder } from './data-folder.ts'

test('[O3] a folder is made, and belongs to one at a time', async (t) => {
  const path = join(tempFolder(t), 'a', 'b')
  const first = await DataFolder.claim(path)
  await assert.rejects(DataFolder.claim(path), coded('locked-data', /in use by another process; stop it/))
  await first.announce('http://127.0.0.1:1234')
  const owner = `in use by process ${process.pid} \\(http://127\\.0\\.0\\.1:1234\\)`
  await assert.rejects(DataFolder.claim(path), coded('locked-data', new RegExp(owner)))
  first[Symbol.dispose]()
  assert.ok(!readdirSync(path).includes('server.json'))
  const second = await DataFolder.claim(path)
  second[Symbol.dispose]()
})

test('[O21] a secret is made once, and only its owner may read it', async (t) => {
  const path = tempFolder(t)
  using folder = await DataFolder.claim(path)
  let made = 0
  const make = (): string => `secret-${++made}`
  assert.deepEqual(await folder.secret('admin-token', make), { value: 'secret-1', isNew: true })
  assert.deepEqual(await folder.secret('admin-token', make), { value: 'secret-1', isNew: false })
  assert.equal(statSync(join(path, 'admin-token')).mode & 0o777, 0o600)
  assert.equal(readFileSync(join(path, 'admin-token'), 'utf8'), 'secret-1\n')
  // Half a file of a start that was cut short is no secret.
  writeFileSync(join(path, 'admin-token'), '\n')
  assert.deepEqual(await folder.secret('admin-token', make), { value: 'secret-2', isNew: true })
  assert.ok(!readdirSync(path).some((name) => name.endsWith('.new')))
})

test('[O26] a folder that cannot be used is said to be so', async (t) => {
  const parent = tempFolder(t)
  writeFileSync(join(parent, 'file'), '')
  await assert.rejects(
    DataFolder.claim(join(parent, 'file')),
    coded('storage-failed', /cannot use the data folder/),
  )
  mkdirSync(join(parent, 'taken/lock'), { recursive: true })
  await assert.rejects(DataFolder.claim(join(parent, 'taken')), coded('storage-failed', /cannot lock/))
  using folder = await DataFolder.claim(join(parent, 'fine'))
  mkdirSync(join(parent, 'fine/admin-token'))
  await assert.rejects(
    folder.secret('admin-token', () => 'x'),
    coded('storage-failed', /cannot read .*admin-token/),
  )
})
