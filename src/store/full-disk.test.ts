import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fillDisk } from '../../test/support/ballast.ts'
import { requires } from '../../test/support/requires.ts'
import { tmpfs } from '../../test/support/tmpfs.ts'
import { Kv } from './kv.ts'

const TRIES = 20

for (const durability of ['visible', 'synced'] as const) {
  test(`[O4] a ${durability} commit on a full disk is refused, leaves nothing behind and works once there is room`, {
    skip: requires('tmpfs'),
  }, async (t) => {
    const disk = tmpfs(t, 8 << 20)
    await using kv = Kv.open(join(disk, 'kv'), 2)
    const [plain, appended] = [kv.table('plain'), kv.table('appended')]
    const write = (i: number): Promise<void> =>
      kv.commit(durability, (changes) => {
        changes.put(plain, 'last', Buffer.alloc(16_384, i))
        changes.put(appended, i, Buffer.alloc(16_384, i), { append: true })
      })
    await write(1)

    const empty = fillDisk(disk)
    for (let i = 0; i < TRIES; i++) await assert.rejects(write(2), { code: 'storage-full', retryable: true })
    assert.equal(plain.get('last')?.[0], 1)
    assert.deepEqual([...appended.keys({})], [1])

    empty()
    await write(2)
    assert.equal(plain.get('last')?.[0], 2)
    assert.deepEqual([...appended.keys({})], [1, 2])
  })
}

test('[O4] a table that a full disk has no room for is refused, and opened once there is room', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, 8 << 20)
  await using kv = Kv.open(join(disk, 'kv'), 2)
  const empty = fillDisk(disk)
  assert.throws(() => kv.table('new'), { code: 'storage-full' })
  empty()
  assert.deepEqual([...kv.table('new').keys({})], [])
})
