import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { crc32, deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { TestCapture } from '../../../test/support/captures.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { positionOf } from '../../log/port.ts'
import { encodeCaptureRecord } from '../codec.ts'
import { CaptureRecordType, CONFIG_CHANNEL } from '../records.ts'
import { CaptureFold } from './fold.ts'
import { historiesIn } from './history.ts'
import { decodeFrame } from './picture.ts'

const DAY_MS = 86_400_000

async function followed(t: TestContext, part = {}) {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source, part)
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  return { source, capture }
}

/** It is followed as if nothing had been. */
async function goesOn({ source, capture }: Awaited<ReturnType<typeof followed>>): Promise<void> {
  await capture.connected()
  const last = await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.shown(), source.colors(last))
  assert.deepEqual(capture.stops, [])
  assert.equal(capture.collector.boardStopped, undefined)
}

function chunk(name: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([head, named, check])
}

/** @param pixels as they are packed */
function png(width: number, height: number, pixels: Uint8Array, ...before: Buffer[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6], 8)
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const chunks = [chunk('IHDR', header), ...before, chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([signature, ...chunks])
}

const ZEROS = deflateSync(Buffer.alloc(256 << 20), { level: 9 })
const BOMBS: Readonly<Record<string, Buffer>> = {
  'a side of 2³¹': png(0x7fff_ffff, 0x7fff_ffff, deflateSync(Buffer.alloc(4))),
  'a long side': png(0x7fff_ffff, 1, deflateSync(Buffer.alloc(4))),
  'pixels that are not there': png(4096, 4096, deflateSync(Buffer.alloc(4))),
  'a drawing': Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="16"><rect width="9" height="9"/></svg>',
  ),
}

for (const [what, bytes] of Object.entries(BOMBS)) {
  test(`[K32] no picture: ${what}`, async () => {
    await assert.rejects(decodeFrame(bytes), { code: 'invalid' })
  })
}

test('[K32] pictures that promise more than they are, or than a canvas has, are broken, and nothing else is harmed', async (t) => {
  const it = await followed(t, { downloadTries: 1 })
  const huge = png(4096, 4096, deflateSync(Buffer.alloc(4096 * 4097 * 4)))
  const frames = [...Object.values(BOMBS), huge]
  for (const bytes of frames) await it.source.tickWithPicture(0, bytes)
  await goesOn(it)
  const [hole, ...more] = it.capture.holes()
  assert.deepEqual([hole?.slice(2), more], [['broken'], []])
  assert.equal(it.capture.canvas()?.counts.missing, frames.length)
})

test('[K32] what a picture holds besides is not unpacked', async () => {
  const blank = deflateSync(Buffer.alloc(24 * 4 * 16 + 16))
  const profile = chunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), ZEROS]))
  for (const picture of [png(24, 16, ZEROS), png(24, 16, blank, profile)]) {
    const { width, height, count } = await decodeFrame(picture)
    assert.deepEqual([width, height, count], [24, 16, 0])
  }
})

test('[K32] a picture of more colours than boards have is none', async () => {
  const [width, height] = [64, 32]
  const rgba = Buffer.alloc(width * height * 4)
  for (let i = 0; i < width * height; i++) rgba.writeUInt32BE(i * 256 + 255, i * 4)
  const picture = await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
  await assert.rejects(decodeFrame(picture), { code: 'invalid', message: /more than 1024 colours/ })
})

test('[K32] times that make no sense are no frames', async (t) => {
  const it = await followed(t, { lines: 1 })
  const { source, capture } = it
  const before = capture.collector.report().counts.others
  const url = `${source.settings().pageUrl}frames/1.png`
  const futureMs = Date.now() + 2 * DAY_MS
  const times = [
    '1e300',
    '-1',
    '"NaN"',
    '0',
    '0.4',
    'null',
    '{}',
    '""',
    '281474976710656',
    '1e14',
    String(futureMs),
  ]
  for (const time of times) {
    for (const data of [
      `{"name":"${url}","timestamp":${time}}`,
      `{"name":"${url}","currentTimestamp":${time},"previousTimestamp":1}`,
    ])
      source.say(0, `{"type":"data","id":"1","payload":{"data":{"subscribe":{"data":${data}}}}}`)
  }
  await goesOn(it)
  const { counts } = capture.collector.report()
  assert.equal(counts.others - before, times.length * 2)
  assert.deepEqual(capture.holes(), [])
})

test('[K32] what authors are said to be, and when, is bounded', () => {
  const told = (lastModifiedTimestamp: unknown, userID: unknown) =>
    historiesIn(
      JSON.stringify({
        payload: { data: { input0: { data: [{ data: { lastModifiedTimestamp, userInfo: { userID } } }] } } },
      }),
      1,
    )[0]
  for (const time of [1e300, '1e300', 2 ** 60, 'NaN', {}]) assert.equal(told(time, 'a'), undefined, `${time}`)
  assert.deepEqual(told(-5, 'a'), { modifiedMs: 0, user: { id: 'a', name: '' } })
  assert.equal(told(5, 'a'.repeat(1_000_000))?.user?.id.length, 256)
})

test('[K32] a configuration that changes with every message is followed once a second', async (t) => {
  const it = await followed(t, { lines: 1 })
  const { source, capture } = it
  const sinceMs = performance.now()
  for (let round = 1; round <= 40; round++) {
    const { messages } = capture.collector.report().counts
    source.configure([...source.options.canvases, { index: round, dx: 24, dy: 0 }])
    await capture.until('the configuration', () => capture.collector.report().counts.messages > messages)
  }
  const { messages } = capture.collector.report().counts
  source.configure(source.options.canvases)
  await capture.until('the last one', () => capture.collector.report().counts.messages > messages)
  const most = 2 + (performance.now() - sinceMs) / 1000
  const opened = (await capture.recordsOf(CaptureRecordType.opened)).filter(
    ({ body }) => body.channel > 0 && body.channel <= 40,
  )
  assert.ok(opened.length <= most, `${opened.length} connections`)
  await goesOn(it)
})

test('[K32] of a million canvases 256 are followed at once, and 1,024 in all', () => {
  const fold = new CaptureFold()
  for (let round = 0; round < 6; round++) {
    const canvasConfigurations = Array.from({ length: 10_000 }, (_, i) => ({
      index: round * 10_000 + i,
      dx: 0,
      dy: 0,
    }))
    const data = { canvasConfigurations, canvasWidth: 24, canvasHeight: 16 }
    const bytes = Buffer.from(JSON.stringify({ payload: { data: { subscribe: { data } } } }))
    const message = { connection: 1, channel: CONFIG_CHANNEL, isBinary: false, arrivedMs: 1, bytes }
    const record = { type: CaptureRecordType.messages, body: [message] }
    const position = positionOf(round + 1)
    fold.apply({ type: record.type, body: encodeCaptureRecord(record), position, timeMs: 1 })
    assert.equal(fold.config?.canvases.length, round < 4 ? 256 : 0)
  }
  assert.equal(fold.chains.size, 1024)
})

test('[K32] a canvas that no board could hold beside the others is left out', async (t) => {
  const it = await followed(t, { lines: 1 })
  const { source, capture } = it
  // Beyond the side of the largest board coordinates begin anew.
  source.configure([...source.options.canvases, { index: 1, dx: 65_536, dy: 0 }, { index: 2, dx: 24, dy: 0 }])
  await source.until(() => source.subscribers(2).length === 1)
  await source.tick(2)
  await capture.settled(2)
  await goesOn(it)
  assert.deepEqual(source.subscribers(1), [])
  assert.deepEqual(capture.collectorBoard.canvas.info.extent, { left: 0, top: 0, width: 48, height: 16 })
})

test('[K32] words without end, of any kind, end a connection at most', async (t) => {
  const it = await followed(t, { lines: 1 })
  const { source, capture } = it
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  source.say(0, `{"type":"error","id":"1","payload":${deep}}`)
  await source.until(() => source.subscribers(0).length === 0)
  await capture.connected()
  source.say(0, `{"type":"data","id":"1","payload":{"data":${deep}}}`)
  source.say(0, 'x'.repeat(5 << 20))
  await source.until(() => source.subscribers(0).length === 0)
  await goesOn(it)
  assert.equal(capture.collector.report().counts.closed.refused, 1)
})

test('[K32] a page that unpacks to gigabytes is no page', async (t) => {
  const source = await FakePlace.open(t)
  source.page = gzipSync(Buffer.alloc(256 << 20))
  const capture = await TestCapture.open(t, source)
  await capture.until('the reason', () => capture.collector.problem !== null)
  assert.match(capture.collector.problem ?? '', /cannot be read: an answer above 16777216 bytes/)
  source.page = undefined
  await capture.connected()
})
