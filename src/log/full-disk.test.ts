import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fillDisk } from '../../test/support/ballast.ts'
import { requires } from '../../test/support/requires.ts'
import { tmpfs } from '../../test/support/tmpfs.ts'
import { systemClock } from '../base/clock.ts'
import { LmdbLog } from './lmdb.ts'
import { START } from './port.ts'

const TRIES = 20
const ALL = { records: 1000, bytes: 1 << 20 }

test('[O4] appends that a full disk refused together are not in the log, one to a new stream among them', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, 8 << 20)
  await using log = LmdbLog.open(join(disk, 'log'), systemClock)
  const append = (stream: string): Promise<number[]> =>
    log.append(stream, [{ type: 1, body: Buffer.alloc(9) }])
  assert.deepEqual(await append('known'), [1])

  const empty = fillDisk(disk)
  for (let i = 0; i < TRIES; i++) {
    const together = await Promise.allSettled([append('known'), append('new'), append('known')])
    for (const result of together) {
      assert.equal(result.status, 'rejected')
      assert.equal(result.reason.code, 'storage-full')
    }
  }
  assert.deepEqual(await log.streams(), ['known'])

  empty()
  assert.deepEqual(await Promise.all([append('known'), append('new'), append('known')]), [[2], [1], [3]])
  assert.deepEqual(
    (await log.read('known', START, ALL)).map(({ position }) => position),
    [1, 2, 3],
  )
})
