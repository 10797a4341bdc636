import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TestCapture, within } from '../../../test/support/captures.ts'
import { diskIsFull, FailingLog } from '../../../test/support/failing-log.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { CaptureRecordType, CONFIG_CHANNEL } from '../records.ts'
import { reportText } from '../report.ts'

const NOBODY = (): boolean => false

async function followed(
  t: Parameters<typeof FakePlace.open>[0] & Parameters<typeof TestCapture.open>[0],
  part = {},
) {
  const source = await FakePlace.open(t)
  const capture = await TestCapture.open(t, source, part)
  await capture.connected()
  await source.tick(0)
  await source.tick(0)
  await capture.settled()
  return { source, capture }
}

const closes = async (capture: TestCapture, channel = 0) =>
  (await capture.recordsOf(CaptureRecordType.closed))
    .filter(({ body }) => body.channel === channel && body.cause !== 'served')
    .map(({ body }) => body.cause)

test('[K7] what one connection misses another brings', async (t) => {
  const { source, capture } = await followed(t)
  for (let i = 0; i < 10; i++) await source.tick(0, { heard: (nth) => nth === i % 2 })
  await capture.settled()
  assert.deepEqual(capture.holes(), [])
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K9] a message that nobody was sent is a hole from the last whole frame to the next full one', async (t) => {
  const { source, capture } = await followed(t)
  const before = source.frames.at(-1)!
  await source.tick(0, { heard: NOBODY })
  const after = await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.holes(), [[before.timestampMs, after.timestampMs, 'skipped']])
  await source.tick(0)
  await capture.settled()
  assert.equal(capture.holes().length, 1)
  assert.deepEqual(capture.shown(), source.colors(source.frames.at(-1)!))
  assert.deepEqual(await capture.wrongFrames(), [])
  assert.ok((await capture.recordsOf(CaptureRecordType.closed)).some(({ body }) => body.cause === 'served'))
})

test('[K9] who asks for a full frame and gets only diffs asks again', async (t) => {
  const { source, capture } = await followed(t, { silenceMs: 200 })
  source.withoutFull = 1
  await source.tick(0, { heard: NOBODY })
  await source.tick(0)
  const isEnded = () => source.withoutFull === 0 && source.subscribers(0).length === 2
  let isOver = false
  const ended = within('an end', source.until(isEnded)).finally(() => {
    isOver = true
  })
  while (!isOver) {
    await source.tick(0)
    await setImmediate()
  }
  await ended
  await capture.settled()
  assert.equal(capture.holes().length, 1)
  assert.deepEqual(capture.shown(), source.colors(source.frames.at(-1)!))
})

for (const [cause, harm] of [
  ['lost', (source: FakePlace) => source.cut(0)],
  ['lost', (source: FakePlace) => source.drop(0)],
  ['complete', (source: FakePlace) => source.complete(0)],
  ['limited', (source: FakePlace) => source.drop(0, 4429)],
  ['refused', (source: FakePlace) => source.say(0, '{"type":"error","id":"1","payload":[{"message":"no"}]}')],
  [
    'unauthorized',
    (source: FakePlace) => source.say(0, '{"type":"connection_error","payload":{"message":"unauthorized"}}'),
  ],
] as const) {
  test(`[K8] a canvas whose connections end (${cause}) is followed again, and the hole says why`, async (t) => {
    const { source, capture } = await followed(t)
    const before = source.frames.at(-1)!
    for (let round = 0; round < 3; round++) {
      harm(source)
      await source.until(() => source.subscribers(0).length === 0)
      await capture.connected()
    }
    await capture.settled()
    assert.deepEqual(capture.holes(), [])
    harm(source)
    await source.until(() => source.subscribers(0).length === 0)
    const unseen = await source.tick(0, { heard: NOBODY })
    assert.equal(unseen.previousMs, before.timestampMs)
    await capture.settled()
    assert.deepEqual(capture.holes(), [[before.timestampMs, unseen.timestampMs, cause]])
    assert.deepEqual(capture.shown(), source.colors(unseen))
    assert.deepEqual(
      await closes(capture),
      Array.from({ length: 8 }, () => cause),
    )
  })
}

test('[K8] a connection on which nothing comes is dead, also if only signs of life do', async (t) => {
  const { source, capture } = await followed(t, { silenceMs: 150 })
  const first = source.subscribers(0).map(({ number }) => number)
  source.stall(0)
  await source.until(() => source.subscribers(0).every(({ number }) => !first.includes(number)))
  assert.ok((await closes(capture)).includes('silent'))
  const quiet = await TestCapture.open(t, source, { quietMs: 150, silenceMs: 10_000, lines: 1 })
  await quiet.until('a frame', () => quiet.canvas()?.covered.length === 1)
  source.keepAlive(0)
  await quiet.until('an end', () => (quiet.collector.report().counts.closed.silent ?? 0) > 0)
})

test('[K8] a token that is refused is read anew, and a wish to wait is granted', async (t) => {
  const { source, capture } = await followed(t)
  const pages = source.pages
  source.token = 'token-2'
  source.cut(0)
  await capture.connected()
  await source.tick(0)
  await capture.settled()
  assert.equal(source.pages, pages + 1)
  assert.ok((await closes(capture)).includes('unauthorized'))
  source.refusals = { status: 429, times: 1, retryAfter: '1' }
  const since = performance.now()
  source.cut('CONFIG')
  await source.until(() => source.subscribers('CONFIG').length === 0)
  await source.until(() => source.subscribers('CONFIG').length === 1)
  assert.ok(performance.now() - since >= 990)
  assert.ok((await closes(capture, CONFIG_CHANNEL)).includes('limited'))
  assert.deepEqual(capture.stops, [])
})

test('[K7] canvases are opened and left as the configuration says', async (t) => {
  const { source, capture } = await followed(t)
  source.configure([
    { index: 0, dx: 0, dy: 0 },
    { index: 2, dx: -24, dy: 0 },
  ])
  await source.until(() => source.subscribers(2).length === 2)
  await source.tick(2)
  await capture.settled(2)
  assert.equal(capture.collectorBoard.canvas.info.extent.left, -24)
  source.configure([{ index: 2, dx: -24, dy: 0 }])
  await source.until(() => source.subscribers(0).length === 0)
  await capture.until('the ends', () => capture.collector.report().counts.closed.unneeded === 2)
  assert.equal(source.subscribers(2).length, 2)
})

test('[K1] whatever is sent is kept byte for byte, understood or not', async (t) => {
  const { source, capture } = await followed(t, { lines: 1 })
  const texts = ['{"type":"something new","payload":[1]}', 'no json', '', '{"type":"ka"}']
  for (const text of texts) source.say(0, text)
  await source.tick(0)
  await capture.settled()
  const kept = (await capture.recordsOf(CaptureRecordType.messages))
    .flatMap(({ body }) => body)
    .map(({ bytes }) => Buffer.from(bytes).toString())
  for (const text of texts) assert.ok(kept.includes(text), text)
  assert.deepEqual(capture.holes(), [])
})

test('[K10] a download that fails is tried again; one that cannot be had is said and a hole', async (t) => {
  const { source, capture } = await followed(t)
  await source.tickWithFault(0, 503, 2)
  await source.tickWithFault(0, 200, 1)
  await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.holes(), [])
  let fromMs = source.frames.at(-1)!.timestampMs
  const expected: [number, number, string][] = []
  for (const [status, said] of [
    [404, 'missing'],
    [410, 'missing'],
    [403, 'expired'],
    [200, 'broken'],
    [500, 'failed'],
  ] as const) {
    await source.tickWithFault(0, status)
    const after = await source.tick(0)
    await capture.settled()
    expected.push([fromMs, after.timestampMs, said])
    fromMs = after.timestampMs
  }
  assert.deepEqual(capture.holes(), expected)
  const fetched = (await capture.recordsOf(CaptureRecordType.fetched)).flatMap(({ body }) => body.frames)
  for (const { status, sha256, url } of fetched) {
    assert.equal(
      /^[0-9a-f]{64}$/.test(sha256),
      status === 'stored' || status === 'broken',
      `${status} ${url}`,
    )
  }
  assert.equal(new Set(fetched.map(({ url }) => url)).size, fetched.length)
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K12] a full frame that differs from what the diffs gave is a hole, and rights the board', async (t) => {
  const { source, capture } = await followed(t)
  await source.tick(0, { wrong: true })
  const last = await source.tick(0)
  await capture.settled()
  const fullMs = capture.canvas()!.covered[0]!.fromMs
  await source.full(0)
  await capture.until('the doubt', () => capture.canvas()?.counts.rebased === 1)
  await capture.settled()
  assert.deepEqual(capture.holes(), [[fullMs, last.timestampMs, 'mismatch']])
  assert.deepEqual(capture.shown(), source.colors(last))
  await source.full(0)
  await source.tick(0)
  await capture.settled()
  assert.equal(capture.canvas()?.counts.rebased, 1)
})

test('[K11] frames are applied in the order of the chain, whatever order they can be had in', async (t) => {
  const { source, capture } = await followed(t)
  for (let i = 0; i < 12; i++) await source.tickWithFault(0, 503, (i * 5) % 3)
  await capture.settled()
  const times = (await capture.paintings()).map(({ timeMs }) => timeMs)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.deepEqual(capture.holes(), [])
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K11] all colours are seen, and one that no configuration names is kept and reported', async (t) => {
  const { source, capture } = await followed(t)
  for (let color = 0; color < source.options.palette.length + 2; color++) source.paint(0, color, color)
  await source.full(0)
  await source.tick(0)
  await capture.until('the colours', () => capture.collector.report().unknownColors.length === 2)
  await capture.settled()
  assert.deepEqual(capture.collector.report().unknownColors, ['#123456', '#654321'])
  assert.deepEqual(capture.shown(), source.colors(source.frames.at(-1)!))
})

test('[K9] a message that comes after what follows it is on the board closes no hole', async (t) => {
  const { source, capture } = await followed(t, { patienceMs: 0, breakMs: 60_000 })
  const before = source.frames.at(-1)!
  const late = await source.tick(0, { heard: NOBODY })
  const after = await source.tick(0)
  await capture.until('the board', () => capture.canvas()?.counts.applied === 5)
  source.tell(late)
  await capture.until('the late frame', () => capture.canvas()?.counts.late === 1)
  assert.deepEqual(capture.holes(), [[before.timestampMs, after.timestampMs, 'late']])
})

test('[K9] a message that comes a little late closes the break', async (t) => {
  const { source, capture } = await followed(t, { patienceMs: 60_000, breakMs: 60_000 })
  const { stored, applied } = capture.canvas()!.counts
  const late = await source.tick(0, { heard: NOBODY })
  for (let i = 1; i <= 4; i++) {
    await source.tick(0)
    await capture.until('the frame', () => capture.canvas()?.counts.stored === stored + i)
  }
  assert.equal(capture.holes()[0]?.[2], 'skipped')
  assert.equal(capture.canvas()?.counts.applied, applied)
  source.tell(late, (nth) => nth === 1)
  await capture.settled()
  assert.deepEqual(capture.holes(), [])
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K31] a frame that lies elsewhere is asked for nowhere: that is said, and a hole', async (t) => {
  const { source, capture } = await followed(t)
  const elsewhere = await FakePlace.open(t)
  const before = source.frames.at(-1)!
  const foreign = await source.tick(0, { heard: NOBODY })
  const { port } = new URL(elsewhere.settings().queryUrl)
  const url = `http://127.0.0.2:${port}/frames/${foreign.name}`
  const times = { currentTimestamp: foreign.timestampMs, previousTimestamp: foreign.previousMs }
  const data = { __typename: 'DiffFrameMessageData', name: url, ...times }
  source.say(0, JSON.stringify({ type: 'data', id: '1', payload: { data: { subscribe: { data } } } }))
  const after = await source.tick(0)
  await capture.settled()
  assert.deepEqual(capture.holes(), [[before.timestampMs, after.timestampMs, 'foreign']])
  assert.equal(elsewhere.downloads, 0)
  const fetched = (await capture.recordsOf(CaptureRecordType.fetched)).flatMap(({ body }) => body.frames)
  const [{ status, detail } = { status: '', detail: '' }] = fetched.filter((each) => each.url === url)
  assert.equal(status, 'foreign')
  assert.match(detail, /^127\.0\.0\.2 is not of this source/)
  assert.match(capture.collector.problem ?? '', /127\.0\.0\.2 is not of this source/)
  assert.match(reportText(capture.collector.report(), 'place'), /hole .*: foreign/)
  assert.deepEqual(await capture.wrongFrames(), [])
})

test('[K1] nothing that a message says is acted upon before it is in the log', async (t) => {
  const source = await FakePlace.open(t)
  const log = new FailingLog()
  log.failure = (_stream, records) =>
    records.some(({ type }) => type === CaptureRecordType.messages) ? diskIsFull() : undefined
  const capture = await TestCapture.open(t, source, { acknowledgeMs: 60_000 }, { log })
  await capture.failed('the log', () => log.failures >= 3)
  assert.deepEqual(source.subscribers('CONFIG'), [])
  log.failure = () => undefined
  await capture.connected()
})
