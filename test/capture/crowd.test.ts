import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../src/base/random.ts'
import { wrap } from '../../src/boards/canvas/geometry.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { CaptureRecordType } from '../../src/capture/records.ts'
import { START } from '../../src/log/port.ts'
import { FaultProxy, inOrder, type PassedFrame } from '../support/fault-proxy.ts'
import { HttpServer } from '../support/http.ts'
import { colorsOf, crowd, FollowedBoard, holesOf } from './followed.ts'

const IS_LONG = process.env.SPATE_TEST_LONG === '1'
const SEEDS = process.env.SPATE_SEED?.split(',').map(Number) ?? [1, 2, 3]
const ROUNDS = IS_LONG ? 300 : 70
if (IS_LONG && process.env.SPATE_SEED === undefined) for (let seed = 4; seed <= 25; seed++) SEEDS.push(seed)

/** Two canvases, of which one begins left of 0. */
const AREA = { left: -60, top: 0, width: 120, height: 40 }

for (const seed of SEEDS) {
  test(`[K30] followed over the protocol of r/place through faults, a board ends with the same cells, and each hole is one that was made (seed ${seed})`, async (t) => {
    const server = await HttpServer.withLobby(t, { extent: AREA }, { speed: 8 })
    const proxy = await FaultProxy.open(t, server.url, seed)
    const followed = await FollowedBoard.open(t, proxy, seed)
    await crowd(server, AREA, 3, seed)
    await followed.settled(proxy, 2)

    proxy.isCalm = false
    await crowd(server, AREA, ROUNDS, seed + 1)
    proxy.isCalm = true
    const one = await server.visitor()
    server.clock.nowMs += 20
    for (const x of [-1, 1]) await one.place(x, new Random(seed).below(40), 7)
    await followed.settled(proxy, 2)

    assert.deepEqual(followed.stops, [])
    assert.deepEqual(followed.shown(AREA), colorsOf(server.services.boards, 'lobby', AREA))
    const heard = await namesHeard(followed)
    const late = await lateFrames(followed)
    for (const report of followed.collector.report().canvases) {
      const told = proxy.frames(report.canvas)
      assertHeard(told, heard)
      assertChain(told)
      const had = told
        .filter(({ name, refusedWith }) => heard.has(name) && refusedWith === 0)
        .map((frame) => ({ ...frame, afterMs: late.get(keyOf(frame)) }))
      const holes = report.holes.map(({ fromMs, toMs }): [number, number] => [fromMs, toMs])
      assert.deepEqual(
        holes,
        holesOf(inTime(had)),
        `canvas ${report.canvas}: ${JSON.stringify(report.holes)}`,
      )
      assertHarms(told, (frame) => isKept(frame, heard, late), holes)
    }
    await assertAuthors(server, followed)
    t.diagnostic(JSON.stringify(proxy.harms))
  })
}

/** Addresses of frames in the messages that were kept. */
async function namesHeard(followed: FollowedBoard): Promise<Set<string>> {
  const names = new Set<string>()
  for (const { type, body } of await followed.records()) {
    if (type !== CaptureRecordType.messages) continue
    for (const { bytes } of body) {
      const name = /"name":"(http[^"]+\.png)"/.exec(Buffer.from(bytes).toString())?.[1]
      if (name !== undefined) names.add(name)
    }
  }
  return names
}

function keyOf({ canvas, kind, timestampMs }: Pick<PassedFrame, 'canvas' | 'kind' | 'timestampMs'>): string {
  return `${canvas} ${kind} ${timestampMs}`
}

/** Frames that were put on the board after later ones, with the time of the latest. */
async function lateFrames(followed: FollowedBoard): Promise<Map<string, number>> {
  const late = new Map<string, number>()
  const latestMs = new Map<number, number>()
  for (const { type, body } of await followed.records()) {
    if (type !== CaptureRecordType.applied) continue
    for (const { canvas, timestampMs, previousMs } of body) {
      const beforeMs = latestMs.get(canvas) ?? 0
      const kind = Number.isNaN(previousMs) ? 'full' : 'diff'
      if (timestampMs < beforeMs) late.set(keyOf({ canvas, kind, timestampMs }), beforeMs)
      latestMs.set(canvas, Math.max(beforeMs, timestampMs))
    }
  }
  return late
}

function isKept(frame: PassedFrame, heard: ReadonlySet<string>, late: ReadonlyMap<string, number>): boolean {
  return heard.has(frame.name) && frame.refusedWith === 0 && !late.has(keyOf(frame))
}

/** Without diffs that came late. A late full frame makes whole what was on the board then, if links lead there. */
function inTime(frames: readonly (PassedFrame & { readonly afterMs: number | undefined })[]): PassedFrame[] {
  const diffs = frames.filter(({ kind, afterMs }) => kind === 'diff' && afterMs === undefined)
  const fulls = frames.flatMap((frame) => {
    if (frame.kind === 'diff') return []
    const { afterMs } = frame
    if (afterMs === undefined) return [frame]
    let linkedMs = frame.timestampMs
    for (const { previousMs, timestampMs } of diffs) {
      if (previousMs <= linkedMs && timestampMs <= afterMs) linkedMs = Math.max(linkedMs, timestampMs)
    }
    return linkedMs < afterMs ? [] : [{ ...frame, timestampMs: afterMs }]
  })
  return [...diffs, ...fulls].sort(inOrder)
}

/** All that was sent to a collector who read it is kept, and nothing else. */
function assertHeard(told: readonly PassedFrame[], heard: ReadonlySet<string>): void {
  const wrong = told.filter(
    ({ name, passed }) => passed !== 'unsure' && heard.has(name) !== (passed === 'heard'),
  )
  assert.deepEqual(wrong, [], 'frames that were heard and not kept, or kept and not heard')
}

/** The source leaves nothing out: its chain breaks only where nobody was connected to it. */
function assertChain(told: readonly PassedFrame[]): void {
  const breaks = holesOf(told)
  const unexplained = breaks.filter(
    ([, toMs]) =>
      !told.some(({ kind, timestampMs, isAlone }) => kind === 'full' && timestampMs === toMs && isAlone),
  )
  assert.deepEqual(unexplained, [], 'diffs that the source did not tell of')
}

/**
 * What makes a hole is what befell both connections: a diff that no connection brought, because each swallowed it, was
 * down or stalled, or in time, because one swallowed and the other delayed it; a change while none was up; and a frame
 * that cannot be had. Each is in a hole, and each hole has one.
 */
function assertHarms(
  told: readonly PassedFrame[],
  isKept: (frame: PassedFrame) => boolean,
  holes: readonly (readonly [number, number])[],
): void {
  const spans = told
    .filter((frame) => frame.kind === 'diff' && !isKept(frame))
    .map(({ previousMs, timestampMs }) => [previousMs, timestampMs] as const)
  const harms = [...spans, ...holesOf(told)]
  const meets = ([a, b]: readonly [number, number], [c, d]: readonly [number, number]) => b > c && a < d
  assert.deepEqual(
    harms.filter((harm) => !holes.some((hole) => meets(harm, hole))),
    [],
    'harms that are in no hole',
  )
  assert.deepEqual(
    holes.filter((hole) => !harms.some((harm) => meets(harm, hole))),
    [],
    'holes without harm',
  )
}

/** Whom the collector names for a cell's change placed there at that moment. */
async function assertAuthors(server: HttpServer, followed: FollowedBoard): Promise<void> {
  const placed = new Set<string>()
  const { history, canvas } = server.services.boards.get('lobby')
  for await (const { record, timeMs } of history.records(START, canvas.position)) {
    if (record.type !== RecordType.placed) continue
    const { count, x, y, player } = record.body
    for (let i = 0; i < count; i++) placed.add(`${timeMs} ${x[i]},${y[i]} ${player[i]}`)
  }
  const answers = (await followed.records()).flatMap(({ type, body }) =>
    type === CaptureRecordType.answered ? body : [],
  )
  const once = new Set(answers.map(({ x, y, changeMs }) => `${changeMs} ${x},${y}`))
  assert.equal(once.size, answers.length, 'one answer for each cell and change')
  const wrong = answers.filter(
    ({ x, y, modifiedMs, user }) => !placed.has(`${modifiedMs} ${wrap(x)},${wrap(y)} ${user?.id}`),
  )
  assert.deepEqual(wrong, [])
  assert.ok(answers.length > 0)
}
