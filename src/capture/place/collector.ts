import type { Clock } from '../../base/clock.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { Boards } from '../../boards/boards.ts'
import type { Log } from '../../log/port.ts'
import type { Kv } from '../../store/kv.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { Batch } from '../batch.ts'
import { Recorder } from '../recorder.ts'
import { type Applied, CaptureRecordType, captureStream } from '../records.ts'
import { type CaptureReport, captureReport } from '../report.ts'
import { RAW_RESERVE_BYTES, Room } from '../room.ts'
import type { Fetch } from '../source/fetch.ts'
import type { Reach } from '../source/reach.ts'
import { StreamState } from '../stream-state.ts'
import { Turn } from '../turn.ts'
import type { ApplierServices, Questioner } from './applier.ts'
import { Asker } from './asker.ts'
import { CaptureBoard } from './board.ts'
import { CatchingUp } from './catching-up.ts'
import { Downloads, type FrameFetcher } from './downloads.ts'
import { CaptureFold } from './fold.ts'
import { Following } from './following.ts'
import { FrameStore } from './frame-store.ts'
import type { AskedCell, CellHistory } from './history.ts'
import type { LineServices } from './line.ts'
import { Painting } from './painting.ts'
import { type PlaceSettings, placeReach } from './settings.ts'
import type { OpenSocket } from './socket.ts'
import { TokenPage } from './token.ts'

const APPLIED_A_RECORD = 4096

export interface CollectorServices {
  readonly log: Log
  readonly kv: Kv
  readonly objects: ObjectStore
  readonly boards: Pick<Boards, 'has' | 'get' | 'create'>
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly fetch: Fetch
  readonly openSocket: OpenSocket
  /** Of the disk that the log lies on. */
  readonly freeBytes: () => Promise<number>
  /** Told of what failed and is tried again, or concerns one frame alone. */
  readonly onError: (error: unknown) => void
  /** Told once why nothing more is captured, unless it was closed. */
  readonly onStopped: (reason: SpateError) => void
}

/** `lines` etc. as they are kept in the stream: what names no secret. */
function toldSettings(settings: PlaceSettings): Record<string, string | number | boolean> {
  const { teamOwner, lines, silenceMs, historySockets, historyUrl } = settings
  return { teamOwner, lines, silenceMs, historySockets, asksForAuthors: historyUrl !== null }
}

/** Without credentials and query. */
function sourceOf({ queryUrl }: PlaceSettings): string {
  const { origin, pathname, host, protocol } = new URL(queryUrl)
  return origin === 'null' ? `${protocol}//${host}${pathname}` : `${origin}${pathname}`
}

/**
 * Follows an r/place into the stream `capture/<name>` and onto the board `<name>`.
 *
 * Everything it sees goes into the stream first; everything it does follows from the stream's fold: which frames to
 * fetch, what to paint, whom to ask for. So it can end at any moment, and the next start goes on from there.
 *
 * While the disk is nearly full only raw messages, and what became of connections, are written; the rest goes on when
 * there is room. A board that cannot be painted holds nothing else up: `boardStopped` says why. A record that cannot be
 * read stops the capture for good: `stopped` says why.
 */
export class PlaceCollector implements AsyncDisposable {
  readonly name: string
  stopped: SpateError | undefined
  readonly #services: CollectorServices
  readonly #settings: PlaceSettings
  readonly #turn = new Turn()
  #state: StreamState<CaptureFold> | undefined
  readonly #recorder: Recorder
  readonly #room: Room
  readonly #frames: FrameStore
  readonly #board: CaptureBoard
  readonly #reach: Reach
  readonly #tokens: TokenPage
  #following: Following | undefined
  #painting: Painting | undefined
  #asker: Asker | undefined
  #catchingUp: CatchingUp | undefined
  #fetcher: FrameFetcher | undefined
  readonly #applied: Batch<Applied>
  readonly #stop = new AbortController()
  #nextConnection = 1
  readonly #listeners = new Set<() => void>()

  private constructor(name: string, settings: PlaceSettings, services: CollectorServices) {
    this.name = name
    this.#settings = settings
    this.#services = services
    const { log, clock, random, onError, freeBytes, objects, boards, fetch } = services
    const onStopped = (reason: SpateError): void => this.#stopFor(reason)
    this.#recorder = new Recorder({ log, stream: captureStream(name), clock, random, onError, onStopped })
    this.#room = new Room(clock, freeBytes, RAW_RESERVE_BYTES)
    this.#frames = new FrameStore(objects)
    this.#board = new CaptureBoard(boards, name)
    this.#reach = placeReach(settings)
    const { pageUrl, token, headers } = settings
    this.#tokens = new TokenPage(fetch, this.#reach, pageUrl, token, headers)
    this.#applied = new Batch(this.#recorder, APPLIED_A_RECORD, (body) => ({
      type: CaptureRecordType.applied,
      body,
    }))
  }

  /** Resolves when all is folded that the stream held, and the source is being connected to. Errors: those of the log. */
  static async open(
    name: string,
    settings: PlaceSettings,
    services: CollectorServices,
  ): Promise<PlaceCollector> {
    const collector = new PlaceCollector(name, settings, services)
    await collector.#open()
    return collector
  }

  get #fold(): CaptureFold {
    return this.#state?.fold ?? new CaptureFold()
  }

  /** As of all that is folded. */
  report(): CaptureReport {
    return captureReport(this.name, this.#fold)
  }

  /** Why nothing more is painted until the next start. What is heard is kept all the same. */
  get boardStopped(): unknown {
    return this.#painting?.stopped
  }

  /** What is not heard or not painted now, and why; null where all is. For the organiser: it quotes the source. */
  get problem(): string | null {
    const board =
      this.boardStopped === undefined ? null : `nothing is painted: ${messageOf(this.boardStopped)}`
    const foreign = this.#fetcher?.foreign
    const frames = foreign === undefined ? null : `frames are not asked for: ${foreign}`
    const problems = [board, frames, this.#fold.problem].filter((problem) => problem !== null)
    return problems.length === 0 ? null : problems.join('; ')
  }

  /** For metrics. */
  get waiting(): { downloads: number; asks: number; rawBytes: number; isStalled: boolean } {
    return {
      downloads: this.#fetcher?.waiting ?? 0,
      asks: this.#asker?.waiting ?? 0,
      rawBytes: this.#recorder.waitingBytes,
      isStalled: !this.#recorder.isHealthy || this.#room.isScarce,
    }
  }

  /** Called after every change of the fold, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Who changed a cell of the board last. Errors: `invalid` where no canvas lies or authors are not asked for,
   * `overloaded`, `unavailable`.
   */
  async askPixel(x: number, y: number): Promise<CellHistory | undefined> {
    const cell = this.#cellAt(x, y)
    if (this.#asker === undefined) throw new SpateError('invalid', 'this capture does not ask for authors')
    if (cell === undefined) throw new SpateError('invalid', `no canvas lies at ${x},${y}`)
    return this.#asker.askOne(cell)
  }

  #cellAt(x: number, y: number): AskedCell | undefined {
    const { config } = this.#fold
    if (config === undefined) return undefined
    const { canvases, canvasWidth, canvasHeight } = config
    const canvas = canvases.find(
      ({ dx, dy }) => x >= dx && x < dx + canvasWidth && y >= dy && y < dy + canvasHeight,
    )
    return canvas === undefined ? undefined : { canvas: canvas.index, x: x - canvas.dx, y: y - canvas.dy }
  }

  async #open(): Promise<void> {
    const { log, kv, clock, onError } = this.#services
    this.#state = await StreamState.open<CaptureFold>(this.name, {
      log,
      kv,
      clock,
      load: CaptureFold.load,
      empty: () => new CaptureFold(),
      onError,
      onFolded: () => this.#react(),
      onStopped: (reason) => this.#stopFor(reason),
    })
    this.#fold.takeFresh()
    this.#nextConnection = this.#fold.nextConnection
    const settings = { ...toldSettings(this.#settings), run: this.#turn.mark }
    const body = { kind: 'place' as const, source: sourceOf(this.#settings), settings }
    await this.#recorder.now({ type: CaptureRecordType.began, body })
    this.#start()
  }

  #start(): void {
    const { fetch, clock, random, onError } = this.#services
    const settings = this.#settings
    const [frames, recorder, room, reach] = [this.#frames, this.#recorder, this.#room, this.#reach]
    const size = (): { width: number; height: number } => this.#size()
    const storing = { fetch, reach, frames, recorder, room }
    this.#fetcher = new Downloads({ ...storing, clock, random, settings, size, onError })
    const lines = this.#lineServices()
    if (settings.historyUrl !== null) {
      const asker = Asker.open({ ...lines, recorder, frames, room, onError }, settings.historyUrl)
      this.#asker = asker
      const catching = { board: this.#board, recorder, room, clock, asker, onError }
      this.#catchingUp = new CatchingUp(this.#fold, catching)
    }
    this.#painting = new Painting(this.#fold, this.#applierServices())
    this.#following = new Following(this.#fold, lines)
    for (const chain of this.#fold.chains.values()) {
      for (const frame of chain.waiting.values()) if (frame.sha256 === '') this.#fetcher.want(frame)
    }
    void this.#asker?.resume(this.#fold.chains.values())
    this.#react()
  }

  #lineServices(): LineServices {
    const { clock, random, openSocket } = this.#services
    return {
      recorder: this.#recorder,
      clock,
      random,
      openSocket,
      tokens: this.#tokens,
      settings: this.#settings,
      nextConnection: () => this.#nextConnection++,
    }
  }

  #size(): { width: number; height: number } {
    const { config } = this.#fold
    return { width: config?.canvasWidth ?? 0, height: config?.canvasHeight ?? 0 }
  }

  #stopFor(reason: SpateError): void {
    if (this.stopped !== undefined || this.#stop.signal.aborted) return
    this.stopped = reason
    this.#services.onStopped(reason)
    void this.#following?.close()
    void this.#catchingUp?.close()
    for (const listener of this.#listeners) listener()
  }

  /** Does what follows from what was folded. */
  #react(): void {
    if (this.#fetcher === undefined || this.#stop.signal.aborted) return
    const reason = this.#turn.lost(this.#fold.began)
    if (reason !== undefined) this.#stopFor(reason)
    const fresh = this.#fold.takeFresh()
    for (const frame of fresh) this.#fetcher.want(frame)
    this.#painting?.wake(fresh)
    if (this.stopped === undefined) this.#catchingUp?.wake()
    if (this.stopped === undefined) this.#following?.wake()
    for (const listener of this.#listeners) listener()
  }

  #applierServices(): ApplierServices {
    const { clock, random, onError } = this.#services
    return {
      board: this.#board,
      frames: this.#frames,
      recorder: this.#recorder,
      applied: this.#applied,
      room: this.#room,
      clock,
      random,
      settings: this.#settings,
      questioner: this.#asker ?? NOBODY,
      onError,
    }
  }

  /** Ends the connections, then what is under way; what was received is durable by then. */
  async [Symbol.asyncDispose](): Promise<void> {
    // A log that takes nothing is not waited for.
    if (!this.#recorder.isHealthy) await this.#recorder.close()
    await this.#following?.close()
    this.#stop.abort()
    await Promise.all([
      this.#catchingUp?.close(),
      this.#asker?.close(),
      this.#fetcher?.close(),
      this.#painting?.close(),
    ])
    await this.#frames[Symbol.asyncDispose]()
    await this.#recorder.close()
    await this.#state?.[Symbol.asyncDispose]()
  }
}

const NOBODY: Questioner = { takes: () => false, ask: () => {} }
