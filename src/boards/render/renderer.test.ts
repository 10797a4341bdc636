import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeIndexedPng } from './png.ts'
import { Renderer } from './renderer.ts'

const PALETTE = [0xffffff, 0xff0000]

test('[B24] images are encoded off the thread as they are on it', async () => {
  await using renderer = new Renderer()
  const expected = encodeIndexedPng(Uint8Array.of(0, 1, 1, 0), 2, 2, PALETTE)
  const images = await Promise.all(
    Array.from({ length: 3 }, () => renderer.png(Uint8Array.of(0, 1, 1, 0), 2, 2, PALETTE)),
  )
  for (const image of images) assert.ok(image.equals(expected))
})

test('[B24] more than 64 waiting images are refused', async () => {
  await using renderer = new Renderer()
  const taken = Array.from({ length: 64 }, () => renderer.png(new Uint8Array(4), 2, 2, PALETTE))
  await assert.rejects(renderer.png(new Uint8Array(4), 2, 2, PALETTE), {
    code: 'overloaded',
    retryable: true,
  })
  await Promise.all(taken)
  await renderer.png(new Uint8Array(4), 2, 2, PALETTE)
})

test('[B24] when the encoder dies, what it had is refused and the next image starts another', async () => {
  await using renderer = new Renderer()
  const impossible = renderer.png(new Uint8Array(4), 2, -1, PALETTE)
  const behind = renderer.png(new Uint8Array(4), 2, 2, PALETTE)
  await assert.rejects(impossible, { code: 'unavailable', retryable: true })
  await assert.rejects(behind, { code: 'unavailable' })
  await renderer.png(new Uint8Array(4), 2, 2, PALETTE)
})
