import assert from 'node:assert/strict'
import { existsSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realData } from './real-data.ts'
import { requires, skipReason } from './requires.ts'
import { tempFolder } from './tmp.ts'
import { tmpfs } from './tmpfs.ts'

test('what is absent is a reason to skip, and a failure where services are required', () => {
  assert.equal(skipReason([undefined, undefined], true), false)
  assert.equal(skipReason([undefined, 'no a', 'no b'], false), 'no a; no b')
  assert.throws(() => skipReason([undefined, 'no a'], true), { message: 'REQUIRE_SERVICES=1, but no a' })
})

test('recorded data that is absent is a reason to skip, always', () => {
  assert.match(String(realData('no-such-recording').skip), /^no recorded no-such-recording /)
})

test('a temporary folder outlives what a test opens in it', async (t) => {
  let path = ''
  let wasThere = false
  await t.test('inner', (t) => {
    path = tempFolder(t)
    t.after(() => {
      wasThere = existsSync(path)
    })
  })
  assert.ok(wasThere)
  assert.ok(!existsSync(path))
})

test('a tmpfs is full when its size is used up, and goes with the test', {
  skip: requires('tmpfs'),
}, async (t) => {
  let path = ''
  await t.test('inner', (t) => {
    path = tmpfs(t, 128 * 1024)
    assert.equal(statfsSync(path).blocks * statfsSync(path).bsize, 128 * 1024)
    assert.throws(() => writeFileSync(join(path, 'big'), Buffer.alloc(256 * 1024)), { code: 'ENOSPC' })
  })
  assert.ok(!existsSync(path))
})
