import type { Clock } from '../../base/clock.ts'
import type { SpateError } from '../../base/errors.ts'
import type { Log } from '../../log/port.ts'
import type { Kv } from '../../store/kv.ts'
import type { OpenSocket } from '../place/socket.ts'
import { Recorder } from '../recorder.ts'
import { CaptureRecordType, captureStream } from '../records.ts'
import type { CaptureReport } from '../report.ts'
import type { Fetch } from '../source/fetch.ts'
import { StreamState } from '../stream-state.ts'
import { Turn } from '../turn.ts'
import { FeedFold } from './fold.ts'
import { type IdScheme, namedIn } from './ids.ts'
import { FeedLine } from './line.ts'
import { type FeedSettings, isSocket } from './settings.ts'
import { type EndFeed, type FeedEvents, openEventFeed, openSocketFeed } from './transport.ts'

export interface FeedServices {
  readonly log: Log
  readonly kv: Kv
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly fetch: Fetch
  readonly openSocket: OpenSocket
  /** Told of what failed and is tried again. */
  readonly onError: (error: unknown) => void
  /** Told once why nothing more is captured, unless it was closed. */
  readonly onStopped: (reason: SpateError) => void
}

/**
 * Keeps a feed of server-sent events or of a WebSocket in the stream `capture/<name>`, as it comes, whatever it says. It
 * connects for ever, and goes on where it ended, as far as the feed allows it; what was missed is in the report.
 */
export class FeedRecorder implements AsyncDisposable {
  readonly name: string
  readonly #services: FeedServices
  readonly #settings: FeedSettings
  readonly #recorder: Recorder
  readonly #listeners = new Set<() => void>()
  readonly #turn = new Turn()
  #state: StreamState<FeedFold> | undefined
  #line: FeedLine | undefined
  #nextConnection = 1
  #lastId: string | undefined
  #ended: SpateError | undefined

  private constructor(name: string, settings: FeedSettings, services: FeedServices) {
    this.name = name
    this.#settings = settings
    this.#services = services
    const { log, clock, random, onError } = services
    const onStopped = (reason: SpateError): void => this.#stopFor(reason)
    this.#recorder = new Recorder({ log, stream: captureStream(name), clock, random, onError, onStopped })
  }

  /** Resolves when all is folded that the stream held, and the feed is being connected to. Errors: those of the log. */
  static async open(name: string, settings: FeedSettings, services: FeedServices): Promise<FeedRecorder> {
    const feed = new FeedRecorder(name, settings, services)
    await feed.#open()
    return feed
  }

  async #open(): Promise<void> {
    const { log, kv, clock, random, onError } = this.#services
    const recorder = this.#recorder
    this.#state = await StreamState.open<FeedFold>(this.name, {
      log,
      kv,
      clock,
      load: FeedFold.load,
      empty: () => new FeedFold(),
      onError,
      onFolded: () => this.#folded(),
      onStopped: (reason) => this.#stopFor(reason),
    })
    const { fold } = this.#state
    this.#nextConnection = fold.nextConnection
    this.#lastId = fold.lastId
    const settings = { ...this.#told(), run: this.#turn.mark }
    const body = { kind: 'feed' as const, source: sourceOf(this.#settings.url), settings }
    await recorder.now({ type: CaptureRecordType.began, body })
    const scheme = this.#scheme
    this.#line = new FeedLine(
      {
        recorder,
        clock,
        random,
        nextConnection: () => this.#nextConnection++,
        open: (events) => this.#connect(events),
        onKept: (bytes) => {
          this.#lastId = namedIn(bytes, scheme).id ?? this.#lastId
        },
      },
      this.#settings,
    )
  }

  get #scheme(): IdScheme {
    const { url, idPointer, idOrder, gapEvents } = this.#settings
    return { isEvents: !isSocket(url), idPointer, order: idOrder, gapEvents }
  }

  /** What the fold needs, and no secret. */
  #told(): Record<string, string | boolean> {
    const { idPointer, idOrder, resumes, gapEvents } = this.#settings
    const { isEvents } = this.#scheme
    return { isEvents, idPointer: idPointer ?? '', idOrder, resumes, gapEvents: gapEvents.join(' ') }
  }

  #connect(events: FeedEvents): EndFeed {
    const { fetch, openSocket } = this.#services
    const { headers, subprotocols, greetings, resumes, resumeParameter } = this.#settings
    const id = resumes ? this.#lastId : undefined
    const url = new URL(this.#settings.url)
    if (id !== undefined && resumeParameter !== null) url.searchParams.set(resumeParameter, id)
    const request = { url: url.href, subprotocols, headers }
    if (isSocket(url.href)) return openSocketFeed(openSocket, request, greetings, events)
    // A header holds bytes; ids are UTF-8.
    const lastEvent = id === undefined ? {} : { 'Last-Event-ID': Buffer.from(id).toString('latin1') }
    return openEventFeed(fetch, { url: url.href, headers: { ...headers, ...lastEvent } }, events)
  }

  #folded(): void {
    const reason = this.#turn.lost(this.#state?.fold.began)
    if (reason !== undefined) this.#stopFor(reason)
    for (const listener of this.#listeners) listener()
  }

  #stopFor(reason: SpateError): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#services.onStopped(reason)
    void this.#line?.close()
    for (const listener of this.#listeners) listener()
  }

  /** Why nothing more is captured. */
  get stopped(): SpateError | undefined {
    return this.#ended
  }

  /** As of all that is folded. */
  report(): CaptureReport {
    return (this.#state?.fold ?? new FeedFold()).report(this.name)
  }

  /** Why the feed is not heard now; null while it is. For the organiser: it quotes the source. */
  get problem(): string | null {
    return this.#state?.fold.problem ?? null
  }

  /** For metrics. */
  get waiting(): { downloads: number; asks: number; rawBytes: number; isStalled: boolean } {
    const { waitingBytes: rawBytes, isHealthy } = this.#recorder
    return { downloads: 0, asks: 0, rawBytes, isStalled: !isHealthy }
  }

  /** Called after every change of the fold, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What was received is durable by then, unless the log takes nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A log that takes nothing is not waited for.
    if (!this.#recorder.isHealthy) await this.#recorder.close()
    await this.#line?.close()
    await this.#recorder.close()
    await this.#state?.[Symbol.asyncDispose]()
  }
}

/** Without credentials and query. */
export function sourceOf(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
