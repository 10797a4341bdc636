import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { area } from '../../test/support/boards.ts'
import { LiveBoard, MemorySink } from '../../test/support/live.ts'
import type { Created } from '../boards/canvas/records.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { FREE_RULES } from '../boards/canvas/rules.ts'
import type { Format } from './format.ts'
import { binaryFormat, eventStreamFormat } from './formats.ts'
import type { ChunkEdits, ServerMessage } from './protocol.ts'
import { Room, SILENCE_MS } from './room.ts'
import { MAX_TICK_MS, MIN_TICK_MS } from './tick.ts'
import { MAX_FRAMES_BYTES, type Viewer, type ViewerOptions } from './viewer.ts'

const HEARTBEAT_MS = 15_000
/** Sixteen chunks: 0 to 3, 256 to 259, … */
const WIDE = { extent: area(0, 0, 1024, 1024) }

interface Joined {
  readonly viewer: Viewer
  readonly sink: MemorySink
}

interface Scene {
  readonly board: LiveBoard
  readonly room: Room
  join(options?: Partial<ViewerOptions>): Joined
  /** Lets a tick pass. */
  tick(): Promise<void>
}

async function scene(t: TestContext, part: Partial<Created> = {}): Promise<Scene> {
  const board = await LiveBoard.open(t, part)
  const room = new Room(board.host, board.clock)
  t.after(() => room[Symbol.dispose]())
  return {
    board,
    room,
    join: (options) => join(board, room, options),
    tick: () => board.clock.advance(MIN_TICK_MS),
  }
}

function join(board: LiveBoard, room: Room, options: Partial<ViewerOptions> = {}): Joined {
  const sink = new MemorySink()
  const viewer = room.join(sink, {
    format: binaryFormat,
    after: board.host.canvas.position,
    chunks: null,
    player: 0,
    answersHeartbeats: true,
    ...options,
  })
  return { viewer, sink }
}

/** [x, y, colour] of a frame's cells, by row and column. */
function cellsOf(groups: readonly ChunkEdits[]): [number, number, number][] {
  return groups
    .flatMap(({ chunk, count, cells, colors }) =>
      Array.from({ length: count }, (_, i): [number, number, number] => {
        const cell = cells[i] ?? 0
        return [((chunk & 0xff) << 8) | (cell & 0xff), (chunk & 0xff00) | (cell >>> 8), colors[i] ?? 0]
      }),
    )
    .sort(([ax, ay], [bx, by]) => ay - by || ax - bx)
}

/** What a message says, on one line of a test. */
function said(message: ServerMessage): unknown[] {
  switch (message.type) {
    case 'edits':
    case 'hidden':
      return [message.type, message.position, ...cellsOf(message.groups)]
    case 'resync':
      return ['resync', message.position, ...message.chunks]
    case 'subscribed':
      return ['subscribed', message.request, message.position, ...message.chunks]
    case 'board':
      return ['board', message.position]
    case 'heartbeat':
      return ['heartbeat', message.position, message.timeMs]
    default:
      return [message.type]
  }
}

function heard({ sink }: Joined): unknown[][] {
  return sink.take().map(said)
}

/** Makes a viewer hold as much as it may, nearly, so that anything but a small frame is withheld. */
function stall({ sink }: Joined, bytes = MAX_FRAMES_BYTES): void {
  sink.take()
  sink.stalled = true
  sink.write(new Uint8Array(bytes))
  sink.frames.length = 0
}

test('[V1] a tick sends what was accepted since the last, the last write of a cell', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  await board.place([1, 5, 6, 3], [1, 7, 6, 2])
  await board.place([2, 5, 6, 4], [2, 5, 6, 4], [2, 200, 0, 1])
  await tick()
  assert.deepEqual(heard(viewer), [['edits', 3, [5, 6, 4], [7, 6, 2]]])
})

test('[V1] a tick without changes sends nothing', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  await board.place([1, 5, 6, 0])
  await tick()
  assert.deepEqual(heard(viewer), [])
  assert.equal(viewer.viewer.position, 2)
})

test('[V2] viewers of the same chunks in the same format share one encoding and its bytes', async (t) => {
  const { board, join, tick } = await scene(t, WIDE)
  const encoded: string[] = []
  const spy: Format = {
    ...binaryFormat,
    edits: (position, groups, info) => {
      encoded.push(groups.map(({ chunk }) => chunk).join('+'))
      return binaryFormat.edits(position, groups, info)
    },
    board: (position, info) => {
      encoded.push('board')
      return binaryFormat.board(position, info)
    },
  }
  const everything = Array.from({ length: 5 }, () => join({ format: spy }))
  const some = [
    [0, 1],
    [1, 0],
    [0, 1],
  ].map((chunks) => join({ format: spy, chunks: new Set(chunks) }))
  await board.append({ type: RecordType.repainted, body: { palette: Array<number>(20).fill(7) } })
  await board.place([1, 0, 0, 1], [1, 256, 0, 1], [1, 512, 0, 1])
  await tick()
  assert.deepEqual(encoded, ['board', '0+1+2', '0+1'])
  const frames = [everything, some].map((group) => new Set(group.map(({ sink }) => sink.frames[1])).size)
  assert.deepEqual(frames, [1, 1])
})

test('[V3] a viewer hears of the chunks that it watches', async (t) => {
  const { board, join, tick } = await scene(t, WIDE)
  const left = join({ chunks: new Set([0, 256]) })
  const none = join({ chunks: new Set() })
  await board.place([1, 3, 300, 1], [1, 300, 3, 2], [1, 4, 0, 3])
  await tick()
  assert.deepEqual(heard(left), [['edits', 2, [4, 0, 3], [3, 300, 1]]])
  assert.deepEqual(heard(none), [])
  assert.equal(none.viewer.position, 2)
})

test('[V4] the first change goes out at once, the next a tick later', async (t) => {
  const { board, join } = await scene(t)
  const viewer = join()
  await board.place([1, 0, 0, 1])
  await board.clock.advance(0)
  assert.deepEqual(heard(viewer), [['edits', 2, [0, 0, 1]]])
  await board.place([1, 1, 0, 1])
  await board.clock.advance(MIN_TICK_MS - 1)
  assert.deepEqual(heard(viewer), [])
  await board.clock.advance(1)
  assert.deepEqual(heard(viewer), [['edits', 3, [1, 0, 1]]])
})

test('[V4] a tick that costs much makes ticks rarer', async (t) => {
  const { board, room, join } = await scene(t)
  const viewer = join({
    format: {
      ...binaryFormat,
      edits: (position, groups, info) => {
        board.clock.spend(100)
        return binaryFormat.edits(position, groups, info)
      },
    },
  })
  await board.place([1, 0, 0, 1])
  await board.clock.advance(0)
  assert.equal(room.stats.tickMs, 200)
  viewer.sink.take()
  await board.place([1, 0, 0, 2])
  await board.clock.advance(99)
  assert.deepEqual(heard(viewer), [])
  await board.clock.advance(1)
  assert.deepEqual(heard(viewer), [['edits', 3, [0, 0, 2]]])
})

test('[V5] a frame that a viewer has no room for is withheld from it alone', async (t) => {
  const { board, room, join, tick } = await scene(t)
  const slow = join()
  const quick = join()
  stall(slow)
  await board.place([1, 0, 0, 1])
  await tick()
  assert.deepEqual(heard(slow), [])
  assert.deepEqual(heard(quick), [['edits', 2, [0, 0, 1]]])
  assert.deepEqual([room.stats.behind, room.stats.skips], [1, 1])
})

test('[V5] what fits exactly is sent', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  const frame = binaryFormat.heartbeat(0, 0)?.length ?? 0
  stall(viewer, MAX_FRAMES_BYTES - frame)
  await board.clock.advance(HEARTBEAT_MS)
  assert.equal(viewer.sink.mostBuffered, MAX_FRAMES_BYTES)
  await board.place([1, 0, 0, 1])
  await tick()
  assert.equal(viewer.sink.mostBuffered, MAX_FRAMES_BYTES)
})

test('[V5] a frame that no viewer may hold becomes a resync', async (t) => {
  const { board, join, tick } = await scene(t, WIDE)
  const text = join({ format: eventStreamFormat })
  const binary = join()
  await board.fill(0, 0, 100, 1)
  await tick()
  assert.match(text.sink.takeText(), /^event: resync\nid: 2\ndata: \{"chunks":\[\[0,0\]\]\}\n\n$/)
  assert.deepEqual(
    binary.sink.take().map(({ type }) => type),
    ['edits'],
  )
})

test('[V6] a viewer that has drained gets what it missed, in one frame', async (t) => {
  const { board, room, join, tick } = await scene(t)
  const viewer = join()
  stall(viewer)
  for (const color of [1, 2, 3]) {
    await board.place([1, 0, 0, color], [1, color, 1, 1])
    await tick()
  }
  viewer.sink.drain()
  room.drained(viewer.viewer)
  assert.deepEqual(heard(viewer), [['edits', 4, [0, 0, 3], [1, 1, 1], [2, 1, 1], [3, 1, 1]]])
  assert.deepEqual([room.stats.behind, room.stats.fromMemory], [0, 1])
})

test('[V6] a transport that does not say that it drained is looked at again', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  stall(viewer)
  await board.place([1, 0, 0, 1])
  await tick()
  await board.clock.advance(MAX_TICK_MS)
  assert.deepEqual(heard(viewer), [])
  viewer.sink.drain()
  await board.clock.advance(MAX_TICK_MS)
  assert.deepEqual(heard(viewer), [['edits', 2, [0, 0, 1]]])
})

test('[V6] a room without anybody behind sets no timer but the heartbeat', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  const before = board.clock.pending
  stall(viewer)
  await board.place([1, 0, 0, 1])
  await tick()
  assert.equal(board.clock.pending, before + 1)
  viewer.sink.drain()
  await board.clock.advance(2 * MAX_TICK_MS)
  assert.equal(board.clock.pending, before)
})

test('[V7] a viewer resumes from memory, from where it was', async (t) => {
  const { board, room, join, tick } = await scene(t)
  await board.place([1, 0, 0, 1])
  await board.place([1, 1, 0, 1])
  await board.place([1, 2, 0, 1])
  await tick()
  assert.deepEqual(heard(join({ after: 2 })), [['edits', 4, [1, 0, 1], [2, 0, 1]]])
  assert.deepEqual(heard(join({ after: 4 })), [])
  assert.deepEqual([room.stats.fromMemory, room.stats.fromLog], [1, 0])
})

test('[V7] what a room does not remember is read from the log', async (t) => {
  const board = await LiveBoard.open(t)
  await board.place([1, 0, 0, 1], [1, 500, 0, 1], [1, 1, 0, 20])
  await board.place([1, 1, 0, 2], [1, 0, 0, 3])
  const room = new Room(board.host, board.clock)
  t.after(() => room[Symbol.dispose]())
  const viewer = join(board, room, { after: 1 })
  await board.place([1, 2, 0, 5])
  await board.clock.settle()
  assert.deepEqual(heard(viewer), [
    ['edits', 3, [0, 0, 3], [1, 0, 2]],
    ['edits', 4, [2, 0, 5]],
  ])
  assert.deepEqual([room.stats.fromLog, room.stats.fromMemory, room.stats.resyncs], [1, 1, 0])
})

test('[V7] a viewer that leaves while the log is read gets nothing more', async (t) => {
  const board = await LiveBoard.open(t)
  await board.place([1, 0, 0, 1])
  const room = new Room(board.host, board.clock)
  t.after(() => room[Symbol.dispose]())
  const viewer = join(board, room, { after: 1 })
  room.leave(viewer.viewer)
  await board.clock.settle()
  assert.deepEqual(heard(viewer), [])
  assert.deepEqual([room.stats.viewers, room.stats.behind], [0, 0])
})

test('[V8] too much to say is a resync, of exactly the watched chunks that changed', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.place([1, 900, 900, 1], [1, 600, 600, 1])
  await tick()
  const viewer = join({ chunks: new Set([0, 1, 256, 771]) })
  stall(viewer)
  await board.fill(0, 0, 200, 1)
  await board.place([1, 300, 0, 1], [1, 600, 600, 2])
  await tick()
  viewer.sink.drain()
  room.drained(viewer.viewer)
  assert.deepEqual(heard(viewer), [['resync', 4, 0, 1]])
  await board.place([1, 0, 0, 9])
  await tick()
  assert.deepEqual(heard(viewer), [['edits', 5, [0, 0, 9]]])
})

test('[V8] a resync is encoded once for all who fell behind together', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  let encoded = 0
  const format: Format = {
    ...binaryFormat,
    resync: (position, chunks) => {
      encoded += 1
      return binaryFormat.resync(position, chunks)
    },
  }
  const viewers = [join({ format }), join({ format }), join({ format, chunks: new Set([0]) })]
  await board.fill(0, 0, 200, 1)
  await tick()
  assert.deepEqual(
    viewers.flatMap((viewer) => heard(viewer)),
    Array(3).fill(['resync', 2, 0]),
  )
  assert.deepEqual([encoded, room.stats.resyncs], [2, 3])
})

test('[V8] viewers whose forms differ in their resync get their own', async (t) => {
  const { board, join, tick } = await scene(t, WIDE)
  const forms = [1, 2].map((n): Format => ({ ...binaryFormat, resync: () => Uint8Array.of(n) }))
  const viewers = forms.map((format) => join({ format }))
  await board.fill(0, 0, 200, 1)
  await tick()
  assert.deepEqual(
    viewers.map(({ sink }) => sink.frames),
    [[Uint8Array.of(1)], [Uint8Array.of(2)]],
  )
})

test('[V8] nothing is fetched for what a viewer does not watch', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  const viewer = join({ chunks: new Set([771]) })
  await board.fill(0, 0, 200, 1)
  await tick()
  assert.deepEqual(heard(viewer), [])
  assert.deepEqual([viewer.viewer.position, room.stats.behind], [2, 0])
})

test('[V8] a form without resync ends instead', async (t) => {
  const { board, join, tick } = await scene(t, WIDE)
  const viewer = join({ format: { ...binaryFormat, endsAtResync: true } })
  await board.fill(0, 0, 200, 1)
  await tick()
  assert.equal(viewer.sink.closedFor, 'resync')
})

test('[V9] whatever a viewer was sent last is a position to resume from', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.place([1, 900, 900, 1])
  await tick()
  const viewer = join({ chunks: new Set([0]) })
  await board.place([1, 0, 0, 1])
  room.subscribe(viewer.viewer, 8, new Set([0, 771]))
  assert.deepEqual(heard(viewer), [
    ['edits', 3, [0, 0, 1]],
    ['subscribed', 8, 3, 771],
  ])
})

test('[V10] a subscription names what is new to the viewer and holds anything', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.place([1, 0, 0, 1], [1, 300, 0, 1], [1, 0, 300, 1])
  await tick()
  const viewer = join({ chunks: new Set([0, 256]) })
  room.subscribe(viewer.viewer, 1, new Set([0, 1, 2]))
  assert.deepEqual(heard(viewer), [['subscribed', 1, 2, 1]])
  room.subscribe(viewer.viewer, 2, null)
  assert.deepEqual(heard(viewer), [['subscribed', 2, 2, 256]])
  room.subscribe(viewer.viewer, 3, new Set([1]))
  assert.deepEqual(heard(viewer), [['subscribed', 3, 2]])
  await board.place([1, 0, 0, 2], [1, 300, 0, 2])
  await tick()
  assert.deepEqual(heard(viewer), [['edits', 3, [300, 0, 2]]])
})

test('[V10] subscriptions of a viewer without room wait, and the last is answered for all', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.place([1, 0, 0, 1], [1, 300, 0, 1], [1, 600, 0, 1], [1, 900, 0, 1])
  await tick()
  const viewer = join({ chunks: new Set([0, 3]) })
  stall(viewer)
  await board.place([1, 1, 0, 1])
  await tick()
  for (let i = 0; i < 1000; i++) room.subscribe(viewer.viewer, i, new Set([0, 1, 2, 3].slice(0, 2 + (i % 3))))
  room.subscribe(viewer.viewer, 1000, new Set([0, 1, 3]))
  assert.equal(viewer.sink.mostBuffered, MAX_FRAMES_BYTES)
  viewer.sink.drain()
  room.drained(viewer.viewer)
  assert.deepEqual(heard(viewer), [
    ['edits', 3, [1, 0, 1]],
    ['subscribed', 1000, 3, 1, 3],
  ])
})

test('[V11] a board that changed is told before the edits of its tick', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join()
  await board.append({ type: RecordType.resized, body: { extent: area(-5, 0, 200, 100) } })
  await board.place([1, -5, 0, 1])
  await tick()
  assert.deepEqual(heard(viewer), [
    ['board', 1],
    ['edits', 3, [0xfffb, 0, 1]],
  ])
})

test('[V11] a viewer that was skipped is told of the board when it is caught up', async (t) => {
  const { board, room, join, tick } = await scene(t)
  const viewer = join()
  stall(viewer)
  await board.append({ type: RecordType.resized, body: { extent: area(0, 0, 200, 100) } })
  await board.append({ type: RecordType.ruled, body: { rules: { ...FREE_RULES, undoSeconds: 3 } } })
  await tick()
  assert.deepEqual(heard(viewer), [])
  viewer.sink.drain()
  room.drained(viewer.viewer)
  const [message, ...rest] = viewer.sink.take()
  assert.deepEqual(rest, [])
  assert.deepEqual(message?.type === 'board' && JSON.parse(message.board), board.host.canvas.info)
})

test('[V11] an event stream resumed from before a change of the board hears of it', async (t) => {
  const { board, join, tick } = await scene(t)
  await board.append({ type: RecordType.resized, body: { extent: area(0, 0, 200, 100) } })
  await board.place([1, 150, 0, 1])
  await tick()
  const viewer = join({ format: eventStreamFormat, after: 1 })
  assert.equal(
    viewer.sink.takeText(),
    `event: board\nid: 1\ndata: ${JSON.stringify(board.host.canvas.info)}\n\nid: 3\ndata: {"edits":[[150,0,1]]}\n\n`,
  )
})

test('[V11] news of the board does not move an event stream past edits that are withheld', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join({ format: eventStreamFormat })
  stall(viewer, MAX_FRAMES_BYTES - 1500)
  await board.append({ type: RecordType.resized, body: { extent: area(0, 0, 200, 100) } })
  await board.fill(0, 0, 20, 1)
  await tick()
  assert.match(viewer.sink.takeText(), /^event: board\nid: 1\ndata: [^\n]+\n\n$/)
})

const SHADOW = {
  type: RecordType.banned,
  body: { player: 7, untilMs: null, shadow: true, reason: '' },
} as const

test('[V12] what a shadow-banned player paints is shown to them alone, after the edits', async (t) => {
  const { board, join, tick } = await scene(t)
  await board.append(SHADOW)
  await tick()
  const [banned, other] = [join({ player: 7 }), join({ player: 8 })]
  await board.place([7, 0, 0, 1], [8, 1, 0, 2])
  await tick()
  assert.deepEqual(heard(other), [['edits', 3, [1, 0, 2]]])
  assert.deepEqual(heard(banned), [
    ['edits', 3, [1, 0, 2]],
    ['hidden', 3, [0, 0, 1]],
  ])
})

test('[V12] a hidden cell that somebody else paints in the same tick shows their paint', async (t) => {
  const { board, join, tick } = await scene(t)
  await board.append(SHADOW)
  await tick()
  const banned = join({ player: 7 })
  await board.place([7, 0, 0, 1])
  await board.place([8, 0, 0, 2])
  await tick()
  assert.deepEqual(heard(banned), [
    ['edits', 4, [0, 0, 2]],
    ['hidden', 4, [0, 0, 2]],
  ])
})

test('[V12] a shadow-banned player who joins sees their own cells; an unban takes them away', async (t) => {
  const { board, join, tick } = await scene(t)
  await board.append(SHADOW)
  await board.place([7, 0, 0, 1], [7, 1, 0, 1], [8, 1, 0, 2])
  await tick()
  const banned = join({ player: 7 })
  assert.deepEqual(heard(banned), [['hidden', 3, [0, 0, 1]]])
  await board.append({ type: RecordType.unbanned, body: { player: 7 } })
  await tick()
  assert.deepEqual(heard(banned), [['hidden', 4, [0, 0, 0]]])
})

test('[V12] a viewer that turns out to be a shadow-banned player sees their cells from then on', async (t) => {
  const { board, room, join, tick } = await scene(t)
  await board.append(SHADOW)
  await board.place([7, 0, 0, 1])
  await tick()
  const viewer = join()
  room.identify(viewer.viewer, 7)
  assert.deepEqual(heard(viewer), [['hidden', 3, [0, 0, 1]]])
})

test('[V12] hidden cells that were withheld come with the rest', async (t) => {
  const { board, room, join, tick } = await scene(t)
  await board.append(SHADOW)
  await tick()
  const banned = join({ player: 7 })
  stall(banned)
  await board.place([7, 0, 0, 1], [8, 1, 0, 2])
  await tick()
  await board.place([7, 0, 0, 3])
  await tick()
  assert.deepEqual(heard(banned), [])
  banned.sink.drain()
  room.drained(banned.viewer)
  assert.deepEqual(heard(banned), [
    ['edits', 4, [1, 0, 2]],
    ['hidden', 4, [0, 0, 3]],
  ])
})

test('[V12] after a resync the hidden cells are told again, as they are by then', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.append(SHADOW)
  await board.place([7, 0, 0, 5], [7, 1, 0, 5])
  await tick()
  const banned = join({ player: 7 })
  stall(banned)
  await board.fill(1, 0, 200, 1)
  await tick()
  banned.sink.drain()
  room.drained(banned.viewer)
  assert.deepEqual(heard(banned), [
    ['resync', 4, 0],
    ['hidden', 4, [0, 0, 5]],
  ])
})

test('[V12] a frame that begins before a viewer came does not cover its hidden cells', async (t) => {
  const { board, join, tick } = await scene(t)
  await board.append(SHADOW)
  await tick()
  join()
  await board.place([8, 0, 0, 2])
  await board.place([7, 0, 0, 5])
  const banned = join({ player: 7 })
  await tick()
  assert.deepEqual(heard(banned), [
    ['hidden', 4, [0, 0, 5]],
    ['edits', 4, [0, 0, 2]],
    ['hidden', 4, [0, 0, 5]],
  ])
})

test('[V12] hidden cells are told of the chunks that are watched, and with every subscription', async (t) => {
  const { board, room, join, tick } = await scene(t, WIDE)
  await board.append(SHADOW)
  await board.place([7, 0, 0, 1], [7, 300, 0, 2])
  await tick()
  const banned = join({ player: 7, chunks: new Set([0]) })
  assert.deepEqual(heard(banned), [['hidden', 3, [0, 0, 1]]])
  await board.place([7, 301, 0, 3])
  await tick()
  assert.deepEqual(heard(banned), [])
  room.subscribe(banned.viewer, 1, new Set([1]))
  assert.deepEqual(heard(banned), [
    ['hidden', 4, [300, 0, 2], [301, 0, 3]],
    ['subscribed', 1, 4],
  ])
})

test('[V13] every viewer that is not behind hears position and time every 15 s', async (t) => {
  const { board, join, tick } = await scene(t)
  const [quick, slow] = [join({ answersHeartbeats: false }), join({ answersHeartbeats: false })]
  await board.place([1, 0, 0, 1])
  await tick()
  stall(slow)
  quick.sink.take()
  await board.place([1, 0, 0, 2])
  await board.clock.advance(HEARTBEAT_MS - MIN_TICK_MS)
  assert.deepEqual(heard(quick), [
    ['edits', 3, [0, 0, 2]],
    ['heartbeat', 3, board.clock.now()],
  ])
  assert.deepEqual(heard(slow), [])
})

test('[V13] a viewer that says nothing for 45 s is let go, where it could have answered', async (t) => {
  const { board, room, join } = await scene(t)
  const [silent, answering, stream] = [join(), join(), join({ answersHeartbeats: false })]
  for (let passedMs = 0; passedMs <= SILENCE_MS; passedMs += HEARTBEAT_MS) {
    room.heard(answering.viewer)
    await board.clock.advance(HEARTBEAT_MS)
  }
  assert.deepEqual(
    [silent, answering, stream].map(({ sink }) => sink.closedFor),
    ['silent for too long', undefined, undefined],
  )
})

test('[V13] a wall clock that jumps lets nobody go', async (t) => {
  const { board, join } = await scene(t)
  const viewer = join()
  board.clock.wallMs += 3_600_000
  await board.clock.advance(HEARTBEAT_MS)
  board.clock.wallMs -= 7_200_000
  await board.clock.advance(HEARTBEAT_MS)
  assert.equal(viewer.sink.closedFor, undefined)
})

test('[V14] a viewer ahead of this server begins where the server is', async (t) => {
  const { board, join, tick } = await scene(t)
  const viewer = join({ after: 100 })
  await board.place([1, 0, 0, 1])
  await tick()
  assert.deepEqual(heard(viewer), [['edits', 2, [0, 0, 1]]])
})

test('[V15] a room that ends closes its viewers and stops its timers', async (t) => {
  const { board, room, join } = await scene(t)
  const before = board.clock.pending
  const viewers = [join(), join()]
  await board.place([1, 0, 0, 1])
  room[Symbol.dispose]()
  assert.deepEqual(
    viewers.map(({ sink }) => sink.closedFor),
    Array(2).fill('the server is stopping'),
  )
  assert.equal(board.clock.pending, before - 1)
  assert.deepEqual(heard(viewers[0] ?? assert.fail()), [])
})
