import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyRun, plain } from '../../test/support/archive.ts'
import { SpateError } from '../base/errors.ts'
import { positionOf } from './port.ts'
import { decodeRecords, encodeEnd, encodeRecords } from './record-stream.ts'

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('[I42] records are read as they were sent, however their bytes come; without the end they are not whole', async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, fc.integer({ min: 1, max: 300 }), async (run, size) => {
      const records = encodeRecords(run)
      const whole = Buffer.concat([records, encodeEnd(positionOf(run.at(-1)?.position ?? 0))])
      assert.deepEqual(plain((await Array.fromAsync(decodeRecords(cut(whole, size)))).flat()), plain(run))
      for (const broken of [records, whole.subarray(0, -1), records.subarray(0, -1)]) {
        await assert.rejects(
          Array.fromAsync(decodeRecords(cut(broken, size))),
          (error) => error instanceof SpateError && error.code === 'unavailable',
        )
      }
    }),
  )
})
