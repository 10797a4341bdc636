import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { area, type Placement, T0 } from '../../../../test/support/boards.ts'
import { type FrameImage, frameImage } from '../../../../test/support/place-client.ts'
import { TestBoard } from '../../../../test/support/test-board.ts'
import { SpateError } from '../../../base/errors.ts'
import { Gate } from '../../../base/gate.ts'
import { CLASSIC_PALETTE } from '../../../boards/canvas/palettes.ts'
import type { Created } from '../../../boards/canvas/records.ts'
import { RecordType } from '../../../boards/canvas/records.ts'
import { FREE_RULES } from '../../../boards/canvas/rules.ts'
import { encodeIndexedPng } from '../../../boards/render/png.ts'
import type { Announcement, Told } from './announcement.ts'
import { PlaceBoard } from './board.ts'
import { FrameStore } from './frame-store.ts'

/** Encodes at once, counts, and fails when it is told to. */
class TestRenderer {
  encodes = 0
  failing = false
  /** Until it resolves, nothing is done. */
  held: Promise<void> | undefined
  atOnce = 0
  mostAtOnce = 0

  async png(...job: Parameters<typeof encodeIndexedPng>): Promise<Buffer> {
    if (this.failing) throw new SpateError('overloaded', 'too many images are being made')
    this.encodes += 1
    this.atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce)
    await this.held
    this.atOnce -= 1
    return encodeIndexedPng(...job)
  }
}

/** Takes what it is told, as long as it has room. */
class Reader {
  readonly told: Told[] = []
  isFull = false

  hasRoom(): boolean {
    return !this.isFull
  }

  take({ told }: Announcement): boolean {
    if (this.isFull) return false
    this.told.push(told)
    return true
  }

  configured({ told }: Announcement): void {
    this.told.push(told)
  }

  /** Kinds and times, in short. */
  get chain(): string[] {
    return this.told.map((told) => {
      if (told.kind === 'configuration') return told.kind
      const previous = told.kind === 'diff' ? `${told.previousMs - T0}→` : ''
      return `${told.kind} ${previous}${told.timestampMs - T0}`
    })
  }
}

const AT_ONCE = 2

class Place {
  readonly test: TestBoard
  readonly renderer = new TestRenderer()
  readonly frames: FrameStore
  readonly board: PlaceBoard

  private constructor(t: TestContext, board: TestBoard) {
    this.test = board
    this.frames = new FrameStore(board.clock)
    const { frames, renderer } = this
    const turns = new Gate(AT_ONCE, 100, 'too many frames are being made')
    this.board = new PlaceBoard(board.host, { clock: board.clock, renderer, frames, turns })
    t.after(() => {
      this.board[Symbol.dispose]()
      this.frames[Symbol.dispose]()
    })
  }

  static async create(t: TestContext, part: Partial<Created> = {}): Promise<Place> {
    return new Place(t, await TestBoard.create(t, part))
  }

  async follow(canvas = 0): Promise<Reader> {
    const reader = new Reader()
    this.board.joinCanvas(canvas, reader)
    await this.pass(0)
    return reader
  }

  async pass(ms: number): Promise<void> {
    await this.test.clock.advance(ms)
  }

  async place(...placements: readonly Placement[]): Promise<void> {
    await this.test.place(...placements)
  }

  async image(told: Told | undefined): Promise<FrameImage> {
    assert.ok(told !== undefined && told.kind !== 'configuration')
    const png = this.frames.get(told.file)
    assert.ok(png !== undefined, `${told.file} can be fetched`)
    return frameImage(png)
  }

  /** The cells that a frame shows, as `x,y colour`. */
  async cells(told: Told | undefined): Promise<string[]> {
    const { rgb, width } = await this.image(told)
    return [...rgb].flatMap((color, i) =>
      color < 0 ? [] : [`${i % width},${Math.floor(i / width)} ${CLASSIC_PALETTE.indexOf(color)}`],
    )
  }
}

test('[S45] a reader is given a full frame, then each change in a diff that names the frame before', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 3, 2) })
  await place.place([1, 0, 1, 4])
  const reader = await place.follow()
  assert.deepEqual(reader.chain, ['full 0'])
  assert.deepEqual(await place.cells(reader.told[0]), ['0,0 0', '1,0 0', '2,0 0', '0,1 4', '1,1 0', '2,1 0'])
  await place.pass(1_000)
  await place.place([1, 2, 0, 5])
  await place.pass(0)
  assert.deepEqual(reader.chain, ['full 0', 'diff 0→1000'])
  assert.deepEqual(await place.cells(reader.told[1]), ['2,0 5'])
})

test('[S45] frames are at least 125 ms apart, and tell what happened in between as its last colours', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 3, 2) })
  const reader = await place.follow()
  await place.pass(500)
  for (let i = 0; i < 40; i++) {
    await place.place([1, i % 2, 0, 1 + (i % 7)])
    await place.pass(10)
  }
  await place.pass(1_000)
  assert.deepEqual(reader.chain, [
    'full 0',
    'diff 0→500',
    'diff 500→620',
    'diff 620→740',
    'diff 740→870',
    'diff 870→890',
  ])
  assert.deepEqual(await place.cells(reader.told[4]), ['0,0 2', '1,0 3'])
})

test('[S45] while a canvas changes, all are given a full frame each minute, of the same moment as a diff', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 4, 4) })
  const readers = [await place.follow(), await place.follow()]
  for (let second = 0; second < 130; second++) {
    await place.pass(1_000)
    await place.place([1, second % 4, second % 3, 1 + (second % 15)])
  }
  await place.pass(1_000)
  for (const reader of readers) {
    const fulls = reader.told.flatMap((told, i) => (told.kind === 'full' ? [i] : []))
    assert.equal(fulls.length, 3)
    for (const i of fulls.slice(1)) {
      const [before, full, after] = reader.told.slice(i - 1, i + 2)
      assert.ok(before?.kind === 'diff' && full?.kind === 'full' && after?.kind === 'diff')
      assert.equal(full.timestampMs, before.timestampMs)
      assert.equal(after.previousMs, full.timestampMs)
    }
  }
})

test('[S46] timestamps grow where the log’s time stands, and over a time when nobody followed', async (t) => {
  const place = await Place.create(t)
  const first = await place.follow()
  for (let i = 1; i <= 3; i++) {
    // The log's clock is set back.
    place.test.clock.wallMs -= 200
    await place.place([1, i, 0, i])
    await place.pass(200)
  }
  assert.deepEqual(first.chain, ['full 0', 'diff 0→1', 'diff 1→2', 'diff 2→3'])
  place.board.leaveCanvas(0, first)
  const same = await place.follow()
  assert.deepEqual(same.chain, ['full 3'])
  place.board.leaveCanvas(0, same)
  await place.place([1, 9, 9, 9])
  const later = await place.follow()
  assert.deepEqual(later.chain, ['full 4'])
})

test('[S47] a frame is encoded once, whoever follows, and a full frame again only once it is another', async (t) => {
  const place = await Place.create(t)
  const readers = [await place.follow(), await place.follow(), await place.follow()]
  await place.pass(125)
  readers.push(await place.follow())
  await place.pass(125)
  assert.equal(place.renderer.encodes, 1)
  await place.place([1, 0, 0, 1])
  await place.pass(125)
  assert.equal(place.renderer.encodes, 2)
  for (const reader of readers) assert.equal(reader.told.length, 2)
  // By then the first has ended.
  await place.pass(400_000)
  const late = await place.follow()
  await place.image(late.told[0])
  assert.equal(place.renderer.encodes, 3)
})

test('[S47] what could not be encoded is in the next frame, and the chain has no hole', async (t) => {
  const place = await Place.create(t)
  const reader = await place.follow()
  place.renderer.failing = true
  await place.pass(1_000)
  await place.place([1, 7, 7, 7])
  await place.pass(1_000)
  assert.deepEqual(reader.chain, ['full 0'])
  place.renderer.failing = false
  await place.place([1, 8, 8, 8])
  await place.pass(200)
  assert.deepEqual(reader.chain, ['full 0', 'diff 0→2000'])
  assert.deepEqual(await place.cells(reader.told[1]), ['7,7 7', '8,8 8'])
})

test('[S47] few canvases have their frames made at once; the others gather what happens until it is their turn', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 5_000, 1) })
  const canvases = [0, 1, 4, 9]
  const readers = await Promise.all(canvases.map((canvas) => place.follow(canvas)))
  await place.pass(1_000)
  const held = Promise.withResolvers<void>()
  place.renderer.held = held.promise
  place.renderer.mostAtOnce = 0
  for (const i of [0, 1, 2, 3]) await place.place([1, i * 1000 + 7, 0, 1])
  await place.pass(300)
  for (const i of [0, 1, 2, 3]) await place.place([1, i * 1000 + 8, 0, 2])
  held.resolve()
  await place.pass(1_000)
  assert.equal(place.renderer.mostAtOnce, AT_ONCE)
  const told = await Promise.all(
    readers.map(async (reader) => Promise.all(reader.told.slice(1).map((frame) => place.cells(frame)))),
  )
  assert.deepEqual(told, [
    [['7,0 1'], ['8,0 2']],
    [['7,0 1'], ['8,0 2']],
    [['7,0 1', '8,0 2']],
    [['7,0 1', '8,0 2']],
  ])
})

test('[S49] who has no room holds up nobody, and goes on from a full frame', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 4, 1) })
  const [slow, quick] = [await place.follow(), await place.follow()]
  slow.isFull = true
  for (let i = 0; i < 3; i++) {
    await place.pass(1_000)
    await place.place([1, i, 0, 1 + i])
  }
  await place.pass(200)
  assert.deepEqual(quick.chain, ['full 0', 'diff 0→1000', 'diff 1000→2000', 'diff 2000→3000'])
  assert.deepEqual(slow.chain, ['full 0'])
  slow.isFull = false
  await place.pass(1_000)
  assert.deepEqual(slow.chain, ['full 0', 'full 3000'])
  assert.deepEqual(await place.cells(slow.told[1]), ['0,0 1', '1,0 2', '2,0 3', '3,0 0'])
  await place.place([1, 3, 0, 9])
  await place.pass(200)
  assert.deepEqual(slow.chain.at(-1), quick.chain.at(-1))
  assert.equal(quick.told.length, 5)
})

test('[S48] cells that a board gains are changes, with a full frame to all; what it loses is shown no more', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 2, 1) })
  const reader = await place.follow()
  await place.pass(1_000)
  await place.test.append({ type: RecordType.resized, body: { extent: area(0, 0, 2, 2) } })
  await place.pass(200)
  assert.deepEqual(reader.chain, ['full 0', 'diff 0→1000', 'full 1000'])
  assert.deepEqual(await place.cells(reader.told[1]), ['0,1 0', '1,1 0'])
  await place.pass(1_000)
  await place.test.append({ type: RecordType.resized, body: { extent: area(1, 0, 1, 2) } })
  await place.pass(200)
  assert.deepEqual(reader.chain.slice(3), ['full 2200'])
  assert.deepEqual(await place.cells(reader.told[3]), ['1,0 0', '1,1 0'])
})

test('[S48] a colour that becomes another changes every cell', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 2, 1) })
  const reader = await place.follow()
  await place.pass(1_000)
  const palette = [...CLASSIC_PALETTE].reverse()
  await place.test.append({ type: RecordType.repainted, body: { palette } })
  await place.pass(200)
  assert.deepEqual(reader.chain, ['full 0', 'diff 0→1000'])
  assert.deepEqual(await place.cells(reader.told[1]), ['0,0 15', '1,0 15'])
})

test('[S44] a canvas that the board does not have is silent until it has', async (t) => {
  const place = await Place.create(t, { extent: area(0, 0, 1000, 10) })
  const reader = await place.follow(1)
  await place.place([1, 5, 5, 5])
  await place.pass(1_000)
  assert.deepEqual(reader.chain, [])
  await place.test.append({ type: RecordType.resized, body: { extent: area(0, 0, 1010, 10) } })
  await place.place([1, 1009, 9, 3])
  await place.pass(1_000)
  const shown = new Map<string, string>()
  for (const told of reader.told)
    for (const cell of await place.cells(told)) shown.set(cell.split(' ')[0] ?? '', cell)
  assert.deepEqual([reader.told[0]?.kind, shown.size, shown.get('9,9')], ['full', 100, '9,9 3'])
})

test('[S43] the configuration comes first, and again when something of it changes', async (t) => {
  const place = await Place.create(t, { extent: area(-10, 0, 2010, 500) })
  const reader = new Reader()
  place.board.joinConfiguration(reader)
  assert.deepEqual(reader.told, [
    {
      kind: 'configuration',
      fields: {
        colorPalette: {
          colors: CLASSIC_PALETTE.map((rgb, index) => ({
            hex: `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`,
            index,
          })),
        },
        canvasConfigurations: [
          { index: 17, dx: -1000, dy: 0 },
          { index: 0, dx: 0, dy: 0 },
          { index: 1, dx: 1000, dy: 0 },
        ],
        activeZone: { topLeft: { x: -10, y: 0 }, bottomRight: { x: 1999, y: 499 } },
        canvasWidth: 1000,
        canvasHeight: 500,
        adminConfiguration: { maxAllowedCircles: 0, maxUsersPerAdminBan: 0 },
      },
    },
  ])
  const lock = { id: 'a', left: 0, top: 0, width: 1, height: 1, reason: '' }
  await place.test.append({ type: RecordType.locked, body: { lock } })
  assert.equal(reader.told.length, 1)
  const rules = { ...FREE_RULES, activeZone: area(0, 0, 10, 10) }
  await place.test.append({ type: RecordType.ruled, body: { rules } })
  assert.equal(reader.told.length, 2)
  await place.test.append({ type: RecordType.repainted, body: { palette: [...CLASSIC_PALETTE, 0x123456] } })
  const [, , last] = reader.told
  assert.ok(last?.kind === 'configuration')
  assert.deepEqual(last.fields.activeZone, { topLeft: { x: 0, y: 0 }, bottomRight: { x: 9, y: 9 } })
  place.board.leaveConfiguration(reader)
  await place.test.append({ type: RecordType.ruled, body: { rules: FREE_RULES } })
  assert.equal(reader.told.length, 3)
})
