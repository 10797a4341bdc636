import { systemClock } from '../../src/base/clock.ts'
import { Random } from '../../src/base/random.ts'
import { decodeCaptureRecord } from '../../src/capture/codec.ts'
import { FeedRecorder } from '../../src/capture/feed/feed-recorder.ts'
import { FeedFold } from '../../src/capture/feed/fold.ts'
import {
  EVENTS_SETTINGS,
  type FeedSettings,
  isSocket,
  SOCKET_SETTINGS,
} from '../../src/capture/feed/settings.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { CaptureRecordType, captureStream } from '../../src/capture/records.ts'
import type { CanvasReport } from '../../src/capture/report.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Log, START } from '../../src/log/port.ts'
import type { Kv } from '../../src/store/kv.ts'
import { within } from './captures.ts'
import { memoryKv } from './memory-kv.ts'
import type { Lifetime } from './tmp.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const NAME = 'changes'

/** A recorder of a feed, on stores that outlive it. */
export class TestFeed {
  readonly settings: FeedSettings
  readonly log: Log = new MemoryLog(systemClock)
  readonly kv: Kv = memoryKv()
  readonly stops: unknown[] = []
  #recorder: FeedRecorder | undefined

  private constructor(settings: FeedSettings) {
    this.settings = settings
  }

  static async open(t: Lifetime, url: string, part: Partial<FeedSettings> = {}): Promise<TestFeed> {
    const kind = isSocket(url) ? SOCKET_SETTINGS : EVENTS_SETTINGS
    const quick = { retryFirstMs: 5, retryMostMs: 50, silenceMs: 0 }
    const feed = new TestFeed({ ...kind, ...quick, url, ...part })
    await feed.start()
    t.after(() => feed.end())
    return feed
  }

  async start(): Promise<void> {
    const { log, kv, settings } = this
    this.#recorder = await FeedRecorder.open(NAME, settings, {
      log,
      kv,
      clock: systemClock,
      random: new Random(3).next,
      fetch: openSourceFetch(),
      openSocket: openSourceSocket,
      onError: () => {},
      onStopped: (reason) => this.stops.push(reason),
    })
  }

  async end(): Promise<void> {
    await this.#recorder?.[Symbol.asyncDispose]()
    this.#recorder = undefined
  }

  get recorder(): FeedRecorder {
    if (this.#recorder === undefined) throw new Error('the recorder is closed')
    return this.#recorder
  }

  get line(): CanvasReport {
    const canvas = this.recorder.report().canvases[0]
    if (canvas === undefined) throw new Error('nothing is reported')
    return canvas
  }

  get holes(): string[] {
    return this.line.holes.map(({ causes }) => causes.join(' '))
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const look = (): void => {
      if (condition()) reached.resolve()
    }
    const stop = this.recorder.onChange(look)
    look()
    try {
      await within(what, reached.promise)
    } finally {
      stop()
    }
  }

  /** All messages that were kept, in order. */
  async messages(): Promise<string[]> {
    const stored = await this.log.read(captureStream(NAME), START, ALL)
    return stored.flatMap((record) => {
      const { type, body } = decodeCaptureRecord(record.type, record.body)
      return type === CaptureRecordType.messages ? body.map(({ bytes }) => Buffer.from(bytes).toString()) : []
    })
  }

  /** What the fold says when it begins with nothing. */
  async foldedAnew(): Promise<FeedFold> {
    const fold = new FeedFold()
    for (const record of await this.log.read(captureStream(NAME), START, ALL)) fold.apply(record)
    return fold
  }
}
