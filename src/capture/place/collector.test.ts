import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture } from '../../../test/support/captures.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { CaptureRecordType } from '../records.ts'

const TWO = [
  { index: 0, dx: 0, dy: 0 },
  { index: 1, dx: 24, dy: -4 },
]

test('[K7] all canvases of a source come onto one board, each at its place, over two connections', async (t) => {
  const source = await FakePlace.open(t, { canvases: TWO })
  const capture = await TestCapture.open(t, source)
  await capture.connected()
  for (let i = 0; i < 20; i++) for (const { index } of TWO) await source.tick(index)
  for (const { index } of TWO) {
    await capture.settled(index)
    assert.deepEqual(capture.holes(index), [])
    assert.deepEqual(capture.shown(index), source.colors(source.frames.findLast((f) => f.canvas === index)!))
    assert.deepEqual(await capture.wrongFrames(index), [])
    assert.equal(capture.canvas(index)?.counts.diffs, 20)
    assert.ok((capture.canvas(index)?.counts.duplicates ?? 0) >= 20)
  }
  assert.deepEqual(capture.errors, [])
  assert.deepEqual(capture.collectorBoard.canvas.info.extent, { left: 0, top: -4, width: 48, height: 20 })
})

for (const subprotocol of ['graphql-ws', 'graphql-transport-ws', null] as const) {
  test(`[K6] a source that chooses ${subprotocol ?? 'no subprotocol'} is followed`, async (t) => {
    const source = await FakePlace.open(t, { subprotocol })
    const capture = await TestCapture.open(t, source, {
      subprotocols: ['graphql-transport-ws', 'graphql-ws'],
      lines: 1,
    })
    await capture.connected()
    await source.tick(0)
    await capture.settled()
    assert.deepEqual(capture.shown(), source.colors(source.frames.at(-1)!))
    const opened = await capture.recordsOf(CaptureRecordType.opened)
    assert.ok(opened.every(({ body }) => body.subprotocol === (subprotocol ?? '')))
  })
}
