import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { requires } from '../../../test/support/requires.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { tmpfs } from '../../../test/support/tmpfs.ts'
import { inNewFolder, Sums } from './folder.ts'

const DISK_BYTES = 1 << 20

test('[K53] a disk that is full is what is said, and nothing stays', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, DISK_BYTES)
  const making = inNewFolder(join(disk, 'out'), async (folder) => {
    await using sums = await Sums.create(folder)
    await sums.add('0'.repeat(64), 'a')
    await writeFile(join(folder, 'a'), new Uint8Array(2 * DISK_BYTES))
    await sums.finish()
  })
  await assert.rejects(making, { code: 'storage-full', message: /ENOSPC/ })
  assert.deepEqual(readdirSync(disk), [])
})

test('[K53] two that write the same folder: the first does, the other is told so', async (t) => {
  const place = tempFolder(t)
  const path = join(place, 'out')
  await inNewFolder(path, async (folder) => {
    await writeFile(join(folder, 'a'), 'first')
    await assert.rejects(
      inNewFolder(path, (other) => writeFile(join(other, 'b'), 'second')),
      { code: 'conflict', message: /out\.part is being written by another process/ },
    )
  })
  assert.deepEqual(readdirSync(place), ['out'])
  assert.deepEqual(readdirSync(path), ['a'])
})

test('[K53] what a killed process left is taken away by the next', async (t) => {
  const place = tempFolder(t)
  const path = join(place, 'out')
  await mkdir(join(`${path}.part`, '.work'), { recursive: true })
  await writeFile(join(`${path}.part`, 'old'), 'half')
  await inNewFolder(path, (folder) => writeFile(join(folder, 'new'), 'whole'))
  assert.deepEqual(readdirSync(place), ['out'])
  assert.deepEqual(readdirSync(path), ['new'])
})
