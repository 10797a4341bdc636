import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCapture, within } from '../../../test/support/captures.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { SpateError } from '../../base/errors.ts'
import { type Answer, CaptureRecordType, captureStream } from '../records.ts'
import { historiesIn, historyOf } from './history.ts'

const CANVASES = [
  { index: 0, dx: 0, dy: 0 },
  { index: 1, dx: 24, dy: -4 },
]

async function answersOf(capture: TestCapture): Promise<Answer[]> {
  return (await capture.recordsOf(CaptureRecordType.answered)).flatMap(({ body }) => [...body])
}

async function asking(t: Parameters<typeof TestCapture.open>[0], part = {}) {
  const source = await FakePlace.open(t, { canvases: CANVASES, cellsATick: 30 })
  const historyUrl = source.settings().queryUrl
  const capture = await TestCapture.open(t, source, { historyUrl, historySockets: 3, ...part })
  await capture.connected()
  return { source, capture }
}

/** Every changed cell of every diff once, as `canvas x y time`. */
function changesOf(source: FakePlace): string[] {
  const { width } = source.options
  const last = new Map<number, Uint8Array>()
  return source.frames.flatMap((frame) => {
    const before = last.get(frame.canvas)
    last.set(frame.canvas, frame.cells)
    const place = CANVASES[frame.canvas]!
    if (frame.kind !== 'diff') return []
    return Array.from(source.changed(frame), (at) => {
      assert.ok(before !== undefined)
      return `${frame.canvas} ${(at % width) + place.dx} ${Math.floor(at / width) + place.dy} ${frame.timestampMs}`
    })
  })
}

const named = ({ canvas, x, y, changeMs }: Answer) => `${canvas} ${x} ${y} ${changeMs}`

test('[K13] for every changed cell and change its author is told once', async (t) => {
  const { source, capture } = await asking(t)
  for (let i = 0; i < 6; i++) for (const { index } of CANVASES) await source.tick(index)
  for (const { index } of CANVASES) {
    await capture.settled(index)
    await capture.until('the answers', () => capture.canvas(index)?.openAsks === 0)
  }
  const answers = await answersOf(capture)
  assert.deepEqual(answers.map(named).sort(), changesOf(source).sort())
  for (const { canvas, x, y, changeMs, modifiedMs, user, rgb } of answers) {
    const place = CANVASES[canvas]!
    const tile = source.tile(canvas, x - place.dx, y - place.dy)
    const frame = source.frames.find((each) => each.canvas === canvas && each.timestampMs === changeMs)!
    const at = (y - place.dy) * source.options.width + x - place.dx
    assert.equal(rgb, source.rgb(frame.cells[at]!))
    // Of a later change, or of this one.
    if (modifiedMs === tile?.modifiedMs) assert.deepEqual(user, { id: `t2_${tile.user}`, name: tile.user })
    assert.ok(modifiedMs > frame.previousMs)
  }
  assert.ok(answers.some(({ changeMs, modifiedMs }) => modifiedMs <= changeMs))
  assert.deepEqual(capture.errors, [])
})

test('[K13] a question that is not answered is asked again, on another connection', async (t) => {
  const { source, capture } = await asking(t, { historyMs: 100 })
  source.ignoredAsks = 3
  await source.tick(0)
  await capture.settled(0)
  await capture.until('the answers', () => capture.canvas(0)?.openAsks === 0)
  assert.deepEqual((await answersOf(capture)).map(named).sort(), changesOf(source).sort())
  assert.ok((capture.collector.report().counts.closed.silent ?? 0) > 0)
})

test('[K13] what was not answered before a stop is asked after the next start, the rest is not', async (t) => {
  const { source, capture } = await asking(t, { historyRequestsPerSecond: 0.5 })
  for (let i = 0; i < 6; i++) await source.tick(0)
  await capture.settled(0)
  await capture.until('some answers', () => (capture.canvas(0)?.counts.answered ?? 0) > 0)
  await capture.close()
  const before = await answersOf(capture)
  const changes = changesOf(source)
  assert.ok(before.length > 0 && before.length < changes.length)
  Object.assign(capture.settings, { historyRequestsPerSecond: 0 })
  await capture.start()
  await capture.until('the answers', () => capture.canvas(0)?.openAsks === 0)
  assert.deepEqual((await answersOf(capture)).map(named).sort(), changes.sort())
})

test('[K13] what was asked for before a stop is asked for once the store of the frames is back', async (t) => {
  const { source, capture } = await asking(t, { historyRequestsPerSecond: 0.001 })
  for (let i = 0; i < 6; i++) await source.tick(0)
  await capture.settled(0)
  await capture.close()
  const { objects } = capture
  const get = objects.get.bind(objects)
  let refusals = 2
  objects.get = (key) => {
    refusals -= 1
    return refusals < 0 ? get(key) : Promise.reject(new SpateError('unavailable', 'the store is away'))
  }
  Object.assign(capture.settings, { historyRequestsPerSecond: 0 })
  await capture.start()
  await capture.until('the answers', () => capture.canvas(0)?.openAsks === 0)
  assert.deepEqual((await answersOf(capture)).map(named).sort(), changesOf(source).sort())
  assert.equal(refusals < 0 && capture.errors.length, 2)
})

/** What the board lacks of a full frame that is told of after a diff that nobody heard, as {@link changesOf}. */
async function unheardAndFull(source: FakePlace): Promise<string[]> {
  const before = source.frames.findLast(({ canvas }) => canvas === 1)!.cells
  await source.tick(1, { heard: () => false })
  const full = await source.full(1)
  const { width } = source.options
  return Array.from(full.cells.keys())
    .filter((at) => full.cells[at] !== before[at])
    .map((at) => `1 ${(at % width) + 24} ${Math.floor(at / width) - 4} ${full.timestampMs}`)
}

test('[K13] what a full frame shows that no diff did is asked for, too', async (t) => {
  const { source, capture } = await asking(t)
  await source.tick(1)
  const heard = changesOf(source)
  await capture.settled(1)
  const shown = await unheardAndFull(source)
  assert.ok(shown.length > 0)
  await capture.settled(1)
  await capture.until('the answers', () => capture.canvas(1)?.openAsks === 0)
  const answers = await answersOf(capture)
  assert.deepEqual(answers.map(named).sort(), [...heard, ...shown].sort())
  for (const { x, y, modifiedMs, user } of answers.filter((answer) => shown.includes(named(answer)))) {
    const tile = source.tile(1, x - 24, y + 4)!
    assert.deepEqual([modifiedMs, user?.name], [tile.modifiedMs, tile.user])
  }
  assert.equal(capture.canvas(1)?.counts.unasked, 0)
  assert.deepEqual(capture.errors, [])
})

test('[K13] what a full frame showed before a stop is asked for after the next start', async (t) => {
  const { source, capture } = await asking(t, { historyRequestsPerSecond: 0.001 })
  await source.tick(1)
  await capture.settled(1)
  const heard = changesOf(source)
  const shown = await unheardAndFull(source)
  await capture.settled(1)
  await capture.close()
  const before = await answersOf(capture)
  assert.ok(before.length < heard.length + shown.length)
  Object.assign(capture.settings, { historyRequestsPerSecond: 0 })
  await capture.start()
  await capture.until('the answers', () => capture.canvas(1)?.openAsks === 0)
  assert.deepEqual((await answersOf(capture)).map(named).sort(), [...heard, ...shown].sort())
})

/** Cells that the board shows as painted, as `canvas x y time`. */
function shownOf(capture: TestCapture): string[] {
  return CANVASES.flatMap(({ index }) =>
    capture.painted(index).map(({ x, y, ms }) => `${index} ${x} ${y} ${ms}`),
  )
}

test('[K13] of what was too much at once is asked for later what still shows, once each', async (t) => {
  const { source, capture } = await asking(t, { historyWaiting: 100, historyRequestsPerSecond: 0.001 })
  const tick = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) for (const { index } of CANVASES) await source.tick(index)
    for (const { index } of CANVASES) await capture.settled(index)
  }
  await tick(10)
  const counted = (name: 'unasked' | 'answered' | 'cells') =>
    CANVASES.reduce((sum, { index }) => sum + (capture.canvas(index)?.counts[name] ?? 0), 0)
  assert.ok(counted('unasked') > 200)
  await capture.close()
  Object.assign(capture.settings, { historyRequestsPerSecond: 0 })
  await capture.start()
  await tick(10)
  // On the board by a full frame, and more of it than may wait.
  for (let i = 0; i < 5; i++) await source.tick(1, { heard: () => false })
  await source.full(1)
  await capture.settled(1)
  const answers = await capture.caughtUp()
  assert.equal(new Set(answers.map(named)).size, answers.length)
  const painted = (await capture.paintings()).length
  assert.deepEqual([counted('answered'), counted('unasked')], [answers.length, painted - answers.length])
  assert.ok(answers.length < painted)
  const recorded = (await capture.recordsOf(CaptureRecordType.overdue)).flatMap(({ body }) => [...body.cells])
  assert.ok(recorded.length > 100)
  const shown = new Set(shownOf(capture))
  for (const answer of answers.filter((each) => shown.has(named(each)))) {
    const { dx, dy } = CANVASES[answer.canvas]!
    const [x, y] = [answer.x - dx, answer.y - dy]
    const { modifiedMs, user } = source.tile(answer.canvas, x, y)!
    // Nobody saw it set to the same colour again.
    if (modifiedMs <= answer.changeMs)
      assert.deepEqual([answer.modifiedMs, answer.user?.name], [modifiedMs, user])
    assert.equal(answer.rgb, capture.shown(answer.canvas)[y * source.options.width + x])
  }
  assert.deepEqual(capture.errors, [])
})

test('[K13] what is asked for later and was not answered before a stop is asked for after the next start', async (t) => {
  const { source, capture } = await asking(t, { historyUrl: null })
  for (let i = 0; i < 8; i++) for (const { index } of CANVASES) await source.tick(index)
  for (const { index } of CANVASES) await capture.settled(index)
  await capture.close()
  // Whom nobody asked for so far, as authors were not wanted.
  Object.assign(capture.settings, {
    historyUrl: source.settings().queryUrl,
    historyRequestsPerSecond: 0.001,
  })
  await capture.start()
  await capture.until('some answers', () => (capture.canvas(0)?.counts.answered ?? 0) > 0)
  await capture.close()
  assert.ok((await answersOf(capture)).length < 200)
  Object.assign(capture.settings, { historyRequestsPerSecond: 0 })
  await capture.start()
  const answers = await capture.caughtUp()
  assert.deepEqual(answers.map(named).sort(), shownOf(capture).sort())
  assert.deepEqual(capture.errors, [])
})

/** The next `applied` record, and what follows it, is never written. */
async function diesBeforeApplied(capture: TestCapture, cause: () => unknown): Promise<void> {
  const { log } = capture
  const append = log.append.bind(log)
  const died = Promise.withResolvers<void>()
  let isDead = false
  log.append = (stream, records, ...rest) => {
    const isOfCapture = stream === captureStream(capture.name)
    if (isOfCapture && records.some(({ type }) => type === CaptureRecordType.applied)) isDead = true
    if (!isDead || !isOfCapture) return append(stream, records, ...rest)
    died.resolve()
    return Promise.reject(new SpateError('unavailable', 'dead'))
  }
  await cause()
  await within('its death', died.promise)
  await capture.close()
  log.append = append
  capture.errors.length = 0
}

async function requireOnce(capture: TestCapture): Promise<string[]> {
  const answers = (await capture.caughtUp()).map(named)
  await capture.until('the answers', () => capture.canvas(0)?.openAsks === 0)
  assert.equal(new Set(answers).size, answers.length, 'answered twice')
  assert.deepEqual(capture.errors, [])
  return answers
}

test('[K13] a late diff of a time that is owed is asked for once, also by who dies before it is recorded', async (t) => {
  const { source, capture } = await asking(t, { historyUrl: null, patienceMs: 50 })
  await capture.settled(0)
  source.withoutFull = Number.POSITIVE_INFINITY
  await source.tick(0)
  const late = await source.tick(0, { heard: () => false })
  await source.tick(0)
  await capture.until('two diffs', () => capture.canvas(0)?.waiting === 0)
  await diesBeforeApplied(capture, () => source.tell(late))
  Object.assign(capture.settings, { historyUrl: source.settings().queryUrl })
  await capture.start()
  await requireOnce(capture)
  assert.ok((await answersOf(capture)).some(({ changeMs }) => changeMs === late.timestampMs))
})

test('[K13] what a full frame rights of a moment that is owed is asked for with it, also by who dies in between', async (t) => {
  const slow = { historyWaiting: 70, historyRequestsPerSecond: 0.001 }
  const { source, capture } = await asking(t, slow)
  for (let i = 0; i < 9; i++) await source.tick(0)
  const diff = await source.tick(0, { wrong: true })
  await capture.settled(0)
  source.withoutFull = Number.POSITIVE_INFINITY
  await diesBeforeApplied(capture, async () => {
    assert.equal((await source.full(0)).timestampMs, diff.timestampMs)
  })
  Object.assign(capture.settings, { historyRequestsPerSecond: 0, historyWaiting: 1000 })
  await capture.start()
  await requireOnce(capture)
})

test('[K13] a diff that is told of after the full frame of its moment is asked for once', async (t) => {
  const { source, capture } = await asking(t)
  await source.tick(0)
  await capture.settled(0)
  const diff = await source.tick(0, { heard: () => false })
  assert.equal((await source.full(0)).timestampMs, diff.timestampMs)
  await capture.settled(0)
  source.tell(diff)
  await capture.until(
    'the diff',
    () => capture.canvas(0)?.counts.diffs === 2 && capture.canvas(0)?.waiting === 0,
  )
  await requireOnce(capture)
})

test('[K13] one cell can be asked for, before all others', async (t) => {
  const { source, capture } = await asking(t)
  await source.tick(1)
  await capture.settled(1)
  const at = source.changed(source.frames.at(-1)!)[0]!
  const { width } = source.options
  const [x, y] = [at % width, Math.floor(at / width)]
  const tile = source.tile(1, x, y)!
  assert.deepEqual(await within('an answer', capture.collector.askPixel(x + 24, y - 4)), {
    modifiedMs: tile.modifiedMs,
    user: { id: `t2_${tile.user}`, name: tile.user },
  })
  assert.deepEqual(await capture.collector.askPixel(0, 0), { modifiedMs: 0, user: null })
  await assert.rejects(capture.collector.askPixel(-1, 0), { code: 'invalid' })
})

test('[K13] questions are no more than 24 cells, and no faster than is allowed', async (t) => {
  const { source, capture } = await asking(t, { historyRequestsPerSecond: 20 })
  const since = performance.now()
  for (let i = 0; i < 8; i++) await source.tick(0)
  await capture.settled(0)
  await capture.until('the answers', () => capture.canvas(0)?.openAsks === 0)
  assert.ok(source.requests.every((cells) => cells <= 24))
  // Three at once, then one every 50 ms.
  assert.ok(performance.now() - since >= (source.requests.length - 3) * 50 - 50)
})

test('[K13] whatever an answer holds is read or counts as none', () => {
  const answer = (data: unknown) => JSON.stringify({ id: '1', type: 'data', payload: { data } })
  const told = { lastModifiedTimestamp: 1.648932278612e12, userInfo: { userID: 't2_a', username: 'a' } }
  assert.deepEqual(historiesIn(answer({ input1: { data: [{ id: 'x', data: told }] } }), 2), [
    undefined,
    { modifiedMs: 1_648_932_278_612, user: { id: 't2_a', name: 'a' } },
  ])
  for (const odd of [
    null,
    5,
    [],
    { input0: null },
    { input0: { data: [null] } },
    { input0: { data: 'x' } },
  ]) {
    assert.deepEqual(historiesIn(answer(odd), 1), [undefined])
  }
  assert.deepEqual(historiesIn('{', 1), [undefined])
  const { query, variables } = historyOf([
    { canvas: 0, x: 1, y: 2 },
    { canvas: 1, x: 3, y: 4 },
  ])
  assert.match(query, /input0: act\(input: \$input0\)/)
  assert.deepEqual(Object.keys(variables), ['input0', 'input1'])
})
