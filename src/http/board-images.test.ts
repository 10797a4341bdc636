import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LiveBoard } from '../../test/support/live.ts'
import type { Renderer } from '../boards/render/renderer.ts'
import { type Framing, Images, type VersionedImage } from './board-images.ts'

const whole: Framing = ({ extent }) => extent

/** Encodes when it is told to. */
class SlowRenderer {
  readonly begun: PromiseWithResolvers<Buffer>[] = []

  png(): Promise<Buffer> {
    const done = Promise.withResolvers<Buffer>()
    this.begun.push(done)
    return done.promise
  }

  end(i: number): void {
    this.begun[i]?.resolve(Buffer.of(i))
  }
}

async function open(t: TestContext): Promise<{ board: LiveBoard; renderer: SlowRenderer; images: Images }> {
  const board = await LiveBoard.open(t)
  const renderer = new SlowRenderer()
  // The one method is all that images use of a renderer.
  return { board, renderer, images: new Images(renderer as unknown as Renderer, board.clock) }
}

test('[H10] an image is shared by all who ask while it is encoded, and by those who ask within 250 ms', async (t) => {
  const { board, renderer, images } = await open(t)
  const get = (atLeast = 0): Promise<VersionedImage> => images.get(board.host, whole, atLeast)
  const first = [get(), get(), get(1)]
  renderer.end(0)
  for (const { position, png } of await Promise.all(first)) assert.deepEqual([position, png[0]], [1, 0])
  await board.place([1, 1, 1, 1])
  assert.equal((await get()).position, 1)
  // Who has seen more waits for more, but not for less time.
  const later = get(2)
  await board.clock.advance(249)
  assert.equal(renderer.begun.length, 1)
  await board.clock.advance(1)
  assert.equal(renderer.begun.length, 2)
  renderer.end(1)
  assert.equal((await later).position, 2)
  await board.clock.advance(10_000)
  assert.equal((await get()).position, 2)
  assert.equal(images.encodes, 2)
})

test('[H10] an image was true at most 250 ms before it was asked for, however long encoding takes', async (t) => {
  const { board, renderer, images } = await open(t)
  const get = (): Promise<VersionedImage> => images.get(board.host, whole, 0)
  const early = get()
  await board.place([1, 1, 1, 1])
  board.clock.spend(249)
  const inTime = get()
  board.clock.spend(1)
  const late = get()
  renderer.end(0)
  assert.deepEqual([(await early).position, (await inTime).position], [1, 1])
  await board.clock.settle()
  renderer.end(1)
  assert.equal((await late).position, 2)
})

test('[H10] an encoder that fails fails those who waited, and the next begins anew', async (t) => {
  const { board, renderer, images } = await open(t)
  const asked = [images.get(board.host, whole, 0), images.get(board.host, whole, 0)]
  renderer.begun[0]?.reject(new Error('gone'))
  for (const image of asked) await assert.rejects(image, { message: 'gone' })
  const again = images.get(board.host, whole, 0)
  await board.clock.advance(250)
  renderer.end(1)
  assert.equal((await again).position, 1)
})
