import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { Random } from '../../src/base/random.ts'
import { Boards } from '../../src/boards/boards.ts'
import { type Area, wrap } from '../../src/boards/canvas/geometry.ts'
import { decodeCaptureRecord } from '../../src/capture/codec.ts'
import { PlaceCollector } from '../../src/capture/place/collector.ts'
import { PLACE_SETTINGS, type PlaceSettings } from '../../src/capture/place/settings.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { type CaptureRecord, captureStream } from '../../src/capture/records.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { START } from '../../src/log/port.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { within } from '../support/captures.ts'
import type { FaultProxy, PassedFrame } from '../support/fault-proxy.ts'
import type { HttpServer } from '../support/http.ts'
import { memoryKv } from '../support/memory-kv.ts'
import { type Lifetime, tempFolder } from '../support/tmp.ts'

const NAME = 'followed'
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const PAINTERS = 6
const ROUND_MS = 12

/** A collector with stores and a board of its own that follows a board of a server through a proxy. */
export class FollowedBoard {
  readonly collector: PlaceCollector
  readonly boards: Boards
  readonly stops: unknown[]
  readonly #log: MemoryLog

  private constructor(collector: PlaceCollector, boards: Boards, log: MemoryLog, stops: unknown[]) {
    this.collector = collector
    this.boards = boards
    this.#log = log
    this.stops = stops
  }

  static async open(t: Lifetime, proxy: FaultProxy, seed: number): Promise<FollowedBoard> {
    const log = new MemoryLog(systemClock)
    const stops: unknown[] = []
    const boards = await Boards.open({
      log,
      kv: memoryKv(),
      clock: systemClock,
      onSnapshotError: (_board, error) => stops.push(error),
      onStopped: (_board, reason) => stops.push(reason),
    })
    const collector = await PlaceCollector.open(NAME, settingsFor(proxy), {
      log,
      kv: memoryKv(),
      objects: FolderObjects.open(tempFolder(t)),
      boards,
      clock: systemClock,
      random: new Random(seed).next,
      fetch: openSourceFetch(),
      openSocket: openSourceSocket,
      freeBytes: async () => Number.POSITIVE_INFINITY,
      onError: () => {},
      onStopped: (reason) => stops.push(reason),
    })
    t.after(async () => {
      await collector[Symbol.asyncDispose]()
      await boards[Symbol.asyncDispose]()
    })
    return new FollowedBoard(collector, boards, log, stops)
  }

  /** Every canvas is connected to, whole up to the last frame that the source told of, and all authors are known. */
  async settled(proxy: FaultProxy, canvases: number): Promise<void> {
    const { collector } = this
    const reached = Promise.withResolvers<void>()
    const look = (): void => {
      const reports = collector.report().canvases
      const isSettled = reports.every(({ canvas, waiting, openAsks, covered, connections }) => {
        const last = proxy.frames(canvas).at(-1)
        const isWhole = last !== undefined && covered.at(-1)?.toMs === last.timestampMs
        return isWhole && waiting === 0 && openAsks === 0 && connections >= 2
      })
      if (reports.length === canvases && isSettled) reached.resolve()
    }
    const stop = collector.onChange(look)
    look()
    try {
      await within('a settled capture', reached.promise)
    } catch (error) {
      throw new Error(`${error}\n${JSON.stringify(collector.report(), null, 1)}`)
    } finally {
      stop()
    }
  }

  /** Colours, 0xRRGGBB, row by row. */
  shown(area: Area): number[] {
    return colorsOf(this.boards, NAME, area)
  }

  async records(): Promise<CaptureRecord[]> {
    const stored = await this.#log.read(captureStream(NAME), START, ALL)
    return stored.map(({ type, body }) => decodeCaptureRecord(type, body))
  }
}

export function colorsOf(boards: Pick<Boards, 'get'>, id: string, area: Area): number[] {
  const { canvas } = boards.get(id)
  const { left, top, width, height } = area
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [left + (i % width), top + Math.floor(i / width)]
    return canvas.info.palette[canvas.colorAt(wrap(x), wrap(y))] ?? -1
  })
}

function settingsFor({ url }: FaultProxy): PlaceSettings {
  const queryUrl = `${url.replace('http', 'ws')}/compat/place/lobby/query`
  return {
    ...PLACE_SETTINGS,
    pageUrl: `${url}/compat/place/lobby/`,
    queryUrl,
    historyUrl: queryUrl,
    headers: {},
    silenceMs: 900,
    configSilenceMs: 900,
    retryFirstMs: 20,
    retryMostMs: 200,
    stableMs: 500,
    breakMs: 100,
    historyRequestsPerSecond: 0,
    historyMs: 500,
  }
}

/** Everybody paints somewhere, for so many rounds. */
export async function crowd(server: HttpServer, area: Area, rounds: number, seed: number): Promise<void> {
  const random = new Random(seed)
  const painters = await Promise.all(Array.from({ length: PAINTERS }, () => server.visitor()))
  for (let round = 0; round < rounds; round++) {
    server.clock.nowMs += 20
    await Promise.all(
      painters.map((painter) => {
        const [x, y] = [area.left + random.below(area.width), area.top + random.below(area.height)]
        return painter.place(x, y, random.below(16))
      }),
    )
    await setTimeout(ROUND_MS)
  }
}

/**
 * The holes that a collector must report who heard these frames and could fetch those that nobody refuses: by time, each
 * diff goes on from what it names, a full frame ends a hole.
 */
export function holesOf(frames: readonly PassedFrame[]): [fromMs: number, toMs: number][] {
  const holes: [number, number][] = []
  let wholeMs = frames[0]?.timestampMs ?? 0
  for (const { kind, timestampMs, previousMs } of frames) {
    if (timestampMs <= wholeMs) continue
    if (kind === 'diff' && previousMs > wholeMs) continue
    if (kind === 'full') holes.push([wholeMs, timestampMs])
    wholeMs = timestampMs
  }
  return holes
}
