import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requires } from '../../test/support/requires.ts'
import { tmpfs } from '../../test/support/tmpfs.ts'
import { Kv } from './kv.ts'

const TRIES = 20

function fill(path: string): void {
  const file = openSync(path, 'w')
  assert.throws(
    () => {
      for (;;) writeSync(file, Buffer.alloc(4096))
    },
    { code: 'ENOSPC' },
  )
  closeSync(file)
}

for (const durability of ['visible', 'synced'] as const) {
  test(`a ${durability} commit on a full disk is refused, leaves nothing behind and works once there is room`, {
    skip: requires('tmpfs'),
  }, async (t) => {
    const disk = tmpfs(t, 2 << 20)
    await using kv = Kv.open(join(disk, 'kv'), 2)
    const [plain, appended] = [kv.table('plain'), kv.table('appended')]
    const write = (i: number): Promise<void> =>
      kv.commit(durability, (changes) => {
        changes.put(plain, 'last', Buffer.alloc(16_384, i))
        changes.put(appended, i, Buffer.alloc(16_384, i), { append: true })
      })
    await write(1)

    fill(join(disk, 'ballast'))
    for (let i = 0; i < TRIES; i++) await assert.rejects(write(2), { code: 'storage-full', retryable: true })
    assert.equal(plain.get('last')?.[0], 1)
    assert.deepEqual([...appended.keys({})], [1])

    rmSync(join(disk, 'ballast'))
    await write(2)
    assert.equal(plain.get('last')?.[0], 2)
    assert.deepEqual([...appended.keys({})], [1, 2])
  })
}
