import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { SpateError } from '../../src/base/errors.ts'
import { Random } from '../../src/base/random.ts'
import { Boards } from '../../src/boards/boards.ts'
import { decodeBody } from '../../src/boards/canvas/codec.ts'
import { cellInChunk, chunkIndex, wrap } from '../../src/boards/canvas/geometry.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { boardStream } from '../../src/boards/host.ts'
import { decodeCaptureRecord } from '../../src/capture/codec.ts'
import { type CollectorServices, PlaceCollector } from '../../src/capture/place/collector.ts'
import type { PlaceSettings } from '../../src/capture/place/settings.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import {
  type Answer,
  type CaptureRecord,
  CaptureRecordType,
  captureStream,
} from '../../src/capture/records.ts'
import type { CanvasReport } from '../../src/capture/report.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import type { TablesFollower } from '../../src/capture/tables-follower.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Log, START } from '../../src/log/port.ts'
import type { Kv } from '../../src/store/kv.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import type { ObjectStore } from '../../src/store/objects/port.ts'
import type { FakeFrame, FakePlace } from './fake-place.ts'
import { memoryKv } from './memory-kv.ts'
import { tempFolder } from './tmp.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

/** Gives up, so that a test that waits in vain says what it waited for. */
export async function within<T>(what: string, promise: Promise<T>, ms = 60_000): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`waited in vain: ${what}`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A question gives up after some seconds; on a loaded machine tables are made for longer. */
export async function caughtUp(follower: Pick<TablesFollower, 'settled'>): Promise<void> {
  for (;;) {
    try {
      return await follower.settled()
    } catch (error) {
      if (!(error instanceof SpateError && error.code === 'unavailable')) throw error
    }
  }
}

export interface CaptureStores {
  readonly log: Log
  readonly kv: Kv
  readonly objects: ObjectStore
}

/** A collector with its board, on stores that outlive it. */
export class TestCapture {
  readonly name = 'place'
  readonly source: FakePlace
  readonly settings: PlaceSettings
  readonly log: Log
  kv: Kv
  readonly errors: unknown[] = []
  readonly stops: unknown[] = []
  readonly objects: ObjectStore
  freeBytes = Number.POSITIVE_INFINITY
  boards: Boards | undefined
  #collector: PlaceCollector | undefined
  #failing = Promise.withResolvers<void>()

  private constructor(source: FakePlace, settings: PlaceSettings, { log, kv, objects }: CaptureStores) {
    this.source = source
    this.settings = settings
    this.log = log
    this.kv = kv
    this.objects = objects
  }

  static async open(
    t: TestContext,
    source: FakePlace,
    part: Partial<PlaceSettings> = {},
    stores: Partial<CaptureStores> = {},
  ): Promise<TestCapture> {
    const { log = new MemoryLog(systemClock), kv = memoryKv() } = stores
    const { objects = FolderObjects.open(tempFolder(t)) } = stores
    const capture = new TestCapture(source, source.settings(part), { log, kv, objects })
    await capture.start()
    t.after(() => capture.close())
    return capture
  }

  get collector(): PlaceCollector {
    if (this.#collector === undefined) throw new Error('the collector is closed')
    return this.#collector
  }

  async start(part: Partial<CollectorServices> = {}): Promise<void> {
    const { log, kv, objects } = this
    this.boards = await Boards.open({
      log,
      kv: memoryKv(),
      clock: systemClock,
      onSnapshotError: (_board, error) => this.errors.push(error),
      onStopped: (_board, reason) => this.stops.push(reason),
    })
    const random = new Random(7)
    this.#collector = await PlaceCollector.open(this.name, this.settings, {
      log,
      kv,
      objects,
      boards: this.boards,
      clock: systemClock,
      random: random.next,
      fetch: openSourceFetch(),
      openSocket: openSourceSocket,
      freeBytes: async () => this.freeBytes,
      onError: (error) => this.#fail(error),
      onStopped: (reason) => this.stops.push(reason),
      ...part,
    })
  }

  async close(): Promise<void> {
    await this.#collector?.[Symbol.asyncDispose]()
    this.#collector = undefined
    await this.boards?.[Symbol.asyncDispose]()
    this.boards = undefined
  }

  canvas(index = 0): CanvasReport | undefined {
    return this.collector.report().canvases.find(({ canvas }) => canvas === index)
  }

  /** Resolves when the condition holds; it is looked at whenever something failed. */
  async failed(what: string, condition: () => boolean): Promise<void> {
    while (!condition()) await within(what, this.#failing.promise)
  }

  #fail(error: unknown): void {
    this.errors.push(error)
    this.#failing.resolve()
    this.#failing = Promise.withResolvers<void>()
  }

  /** Resolves when the condition holds; it is looked at whenever something was folded. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const { collector } = this
    const reached = Promise.withResolvers<void>()
    const look = (): void => {
      if (condition()) reached.resolve()
    }
    const stop = collector.onChange(look)
    look()
    try {
      await within(what, reached.promise)
    } catch (error) {
      throw new Error(`${error}\n${JSON.stringify(collector.report(), null, 1)}\n${this.errors.join('\n')}`)
    } finally {
      stop()
    }
  }

  /** Every canvas has so many connections. */
  async connected(lines = this.settings.lines): Promise<void> {
    const { source } = this
    await within(
      'connections',
      source.until(() =>
        source.options.canvases.every(({ index }) => source.listeners(index).length >= lines),
      ),
    )
  }

  /** All that the source told of is on the board or given up, and the last frame is vouched for. */
  async settled(canvas = 0): Promise<void> {
    const last = this.source.frames.findLast((frame) => frame.canvas === canvas)
    await this.until(`canvas ${canvas} whole at ${last?.timestampMs}`, () => {
      const report = this.canvas(canvas)
      return report?.waiting === 0 && report.covered.at(-1)?.toMs === last?.timestampMs
    })
  }

  holes(canvas = 0): [fromMs: number, toMs: number, ...causes: string[]][] {
    return (this.canvas(canvas)?.holes ?? []).map(({ fromMs, toMs, causes }) => [fromMs, toMs, ...causes])
  }

  /** Colours of a canvas on the board now, 0xRRGGBB, row by row. */
  shown(index = 0): number[] {
    const { width, height, canvases } = this.source.options
    const place = canvases.find((canvas) => canvas.index === index)
    const { canvas } = this.collectorBoard
    return Array.from({ length: width * height }, (_, i) => {
      const x = (i % width) + (place?.dx ?? 0)
      const y = Math.floor(i / width) + (place?.dy ?? 0)
      return canvas.info.palette[canvas.colorAt(wrap(x), wrap(y))] ?? -1
    })
  }

  /** Cells of a canvas that the board shows as painted, with the time of that; in the coordinates of the board. */
  painted(index = 0): { x: number; y: number; ms: number }[] {
    const { width, height, canvases } = this.source.options
    const place = canvases.find((canvas) => canvas.index === index)
    const { chunks } = this.collectorBoard.canvas
    return Array.from({ length: width * height }, (_, i) => {
      const x = (i % width) + (place?.dx ?? 0)
      const y = Math.floor(i / width) + (place?.dy ?? 0)
      return { x, y, ms: chunks[chunkIndex(wrap(x), wrap(y))]?.timesMs[cellInChunk(wrap(x), wrap(y))] ?? 0 }
    }).filter(({ ms }) => ms > 0)
  }

  /** Resolves once everything that shows was asked for, with all answers. */
  async caughtUp(): Promise<Answer[]> {
    for (;;) {
      const { position } = this.collector.report()
      const answers = (await this.recordsOf(CaptureRecordType.answered)).flatMap(({ body }) => [...body])
      const answered = new Set(answers.map(({ canvas, x, y, changeMs }) => `${canvas} ${x} ${y} ${changeMs}`))
      const shown = this.source.options.canvases.flatMap(({ index }) =>
        this.painted(index).map(({ x, y, ms }) => `${index} ${x} ${y} ${ms}`),
      )
      if (shown.every((cell) => answered.has(cell))) return answers
      await this.until('more answers', () => this.collector.report().position > position)
    }
  }

  get collectorBoard() {
    if (this.boards === undefined) throw new Error('the boards are closed')
    return this.boards.get(this.name)
  }

  async records(): Promise<CaptureRecord[]> {
    const stored = await this.log.read(captureStream(this.name), START, ALL)
    return stored.map(({ type, body }) => decodeCaptureRecord(type, body))
  }

  async recordsOf<T extends CaptureRecord['type']>(type: T): Promise<Extract<CaptureRecord, { type: T }>[]> {
    // Narrowed by the filter.
    return (await this.records()).filter((record) => record.type === type) as Extract<
      CaptureRecord,
      { type: T }
    >[]
  }

  /** Every painted cell as the board’s log has it: in order. */
  async paintings(): Promise<{ x: number; y: number; color: number; timeMs: number }[]> {
    const stored = await this.log.read(boardStream(this.name), START, ALL)
    return stored.flatMap(({ type, body }) => {
      const record = decodeBody(type, body)
      if (record.type !== RecordType.painted) return []
      const { count, x, y, color, timeMs } = record.body
      return Array.from({ length: count }, (_, i) => ({
        x: x[i]!,
        y: y[i]!,
        color: color[i]!,
        timeMs: timeMs[i]!,
      }))
    })
  }

  /** Frames at whose moments the board, by the times of its cells, differs from the source although they are covered. */
  async wrongFrames(index = 0): Promise<FakeFrame[]> {
    const { width, height, canvases } = this.source.options
    const place = canvases.find((canvas) => canvas.index === index)
    const { palette, background } = this.collectorBoard.canvas.info
    const paintings = (await this.paintings()).map((each, order) => ({ ...each, order }))
    paintings.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order)
    const cells = new Uint8Array(width * height).fill(background)
    const covered = this.canvas(index)?.covered ?? []
    const wrong: FakeFrame[] = []
    let next = 0
    const frames = this.source.frames
      .filter((frame) => frame.canvas === index)
      .toSorted((a, b) => a.timestampMs - b.timestampMs)
    for (const frame of frames) {
      for (
        let each = paintings[next];
        each !== undefined && each.timeMs <= frame.timestampMs;
        each = paintings[next]
      ) {
        const x = (each.x - (place?.dx ?? 0)) & 0xffff
        const y = (each.y - (place?.dy ?? 0)) & 0xffff
        if (x < width && y < height) cells[y * width + x] = each.color
        next += 1
      }
      const isCovered = covered.some(
        ({ fromMs, toMs }) => fromMs <= frame.timestampMs && frame.timestampMs <= toMs,
      )
      const truth = this.source.colors(frame)
      if (isCovered && truth.some((rgb, i) => palette[cells[i]!] !== rgb)) wrong.push(frame)
    }
    return wrong
  }
}
