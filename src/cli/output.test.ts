import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf } from './output.ts'

test('[K53] an answer that breaks off says so, whatever was there of it', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half')
    throw new TypeError('terminated')
  }
  await assert.rejects(bytesOf(new Response(ReadableStream.from(broken()))), {
    code: 'unavailable',
    message: 'the server’s answer broke off: terminated',
  })
  assert.deepEqual(await bytesOf(new Response('whole')), Buffer.from('whole'))
})
