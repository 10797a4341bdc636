import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import type { Boards } from '../../boards/boards.ts'
import type { Log } from '../../log/port.ts'
import type { Kv, Table } from '../../store/kv.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { Batch } from '../batch.ts'
import { Recorder } from '../recorder.ts'
import { type Applied, CaptureRecordType, captureStream } from '../records.ts'
import { type CaptureReport, captureReport } from '../report.ts'
import { pause, Room } from '../room.ts'
import type { Fetch } from '../source/fetch.ts'
import type { Reach } from '../source/reach.ts'
import { Turn } from '../turn.ts'
import { Applier, type ApplierServices, type Questioner } from './applier.ts'
import { Asker } from './asker.ts'
import { CaptureBoard } from './board.ts'
import type { Chain } from './chain.ts'
import { Channels } from './channels.ts'
import { Downloads, type FrameFetcher } from './downloads.ts'
import { CaptureFold } from './fold.ts'
import { FrameStore } from './frame-store.ts'
import type { AskedCell, CellHistory } from './history.ts'
import type { LineServices } from './line.ts'
import type { PlaceConfig } from './messages.ts'
import { type PlaceSettings, placeReach } from './settings.ts'
import type { OpenSocket } from './socket.ts'
import { TokenPage } from './token.ts'

const SAVE_EVERY_MS = 10_000
const APPLIED_A_RECORD = 4096
const FIRST_RETRY_MS = 200
const MOST_RETRY_MS = 10_000
/** What is kept free of the disk for raw messages: some hours of them. */
export const RESERVE_BYTES = 256 << 20

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
 * fetch, what to paint, whom to ask for. So it can end at any moment, and the next start goes on from there. The fold's
 * state is saved every 10 s with its position; it is a short cut, and may be deleted.
 *
 * While the disk is nearly full only raw messages, and what became of connections, are written; the rest goes on when
 * there is room. A board that cannot be painted holds nothing else up: `boardStopped` says why. A record that cannot be
 * read stops the capture for good: `stopped` says why.
 */
export class PlaceCollector implements AsyncDisposable {
  readonly name: string
  stopped: SpateError | undefined
  /** Why nothing more is painted until the next start. What is heard is kept all the same. */
  boardStopped: unknown
  readonly #services: CollectorServices
  readonly #settings: PlaceSettings
  readonly #stream: string
  readonly #table: Table
  readonly #turn = new Turn()
  #fold: CaptureFold
  readonly #recorder: Recorder
  readonly #room: Room
  readonly #frames: FrameStore
  readonly #board: CaptureBoard
  readonly #reach: Reach
  readonly #tokens: TokenPage
  #channels: Channels | undefined
  #asker: Asker | undefined
  #fetcher: FrameFetcher | undefined
  readonly #appliers = new Map<number, Applier>()
  readonly #applied: Batch<Applied>
  readonly #stop = new AbortController()
  readonly #followStop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #caughtUp = Promise.withResolvers<void>()
  #nextConnection = 1
  #followed: PlaceConfig | undefined
  #boardIs: PlaceConfig | undefined
  #configuring: Promise<void> | undefined
  #checking: (() => void) | undefined
  readonly #brokenSinceMs = new Map<number, number>()
  #cancelSave: (() => void) | undefined
  #savedAt = 0
  #saving: Promise<void> = Promise.resolve()
  readonly #listeners = new Set<() => void>()

  private constructor(name: string, settings: PlaceSettings, services: CollectorServices) {
    this.name = name
    this.#settings = settings
    this.#services = services
    this.#stream = captureStream(name)
    this.#table = services.kv.table('captures')
    this.#fold = this.#load()
    const { log, clock, random, onError, freeBytes, objects, boards, fetch } = services
    const onStopped = (reason: SpateError): void => this.#stopFor(reason)
    this.#recorder = new Recorder({ log, stream: this.#stream, clock, random, onError, onStopped })
    this.#room = new Room(clock, freeBytes, RESERVE_BYTES)
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

  /** As of all that is folded. */
  report(): CaptureReport {
    return captureReport(this.name, this.#fold)
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

  #load(): CaptureFold {
    const stored = this.#table.get(this.name)
    if (stored === undefined) return new CaptureFold()
    try {
      const fold = CaptureFold.parse(stored.toString()) ?? new CaptureFold()
      this.#savedAt = fold.position
      return fold
    } catch (error) {
      this.#services.onError(error)
      return new CaptureFold()
    }
  }

  async #open(): Promise<void> {
    const { log } = this.#services
    const head = await log.head(this.#stream)
    if (this.#fold.position > head) this.#fold = new CaptureFold()
    this.#running = this.#follow(head)
    await this.#caughtUp.promise
    if (this.stopped !== undefined) throw this.stopped
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
      this.#asker = Asker.open({ ...lines, recorder, frames, room, onError }, settings.historyUrl)
    }
    this.#channels = new Channels(lines)
    for (const chain of this.#fold.chains.values()) {
      for (const frame of chain.waiting.values()) if (frame.sha256 === '') this.#fetcher.want(frame)
    }
    void this.#resumeAsks()
    this.#armSave(0)
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

  async #follow(head: number): Promise<void> {
    const pace = new Pace()
    try {
      if (this.#fold.position >= head) this.#caughtUp.resolve()
      const { signal } = this.#followStop
      for await (const batch of this.#services.log.follow(this.#stream, this.#fold.position, signal)) {
        for (const record of batch) {
          this.#fold.apply(record)
          await pace.turn()
        }
        if (this.#fold.position >= head) this.#caughtUp.resolve()
        this.#react()
      }
    } catch (error) {
      this.#stopFor(error)
    }
    this.#caughtUp.resolve()
  }

  #stopFor(error: unknown): void {
    if (this.stopped !== undefined || this.#stop.signal.aborted) return
    this.stopped =
      error instanceof SpateError ? error : new SpateError('corrupt', 'the capture failed', { cause: error })
    this.#services.onStopped(this.stopped)
    void this.#channels?.close()
    for (const listener of this.#listeners) listener()
  }

  /** Does what follows from what was folded. */
  #react(): void {
    if (this.#fetcher === undefined || this.#stop.signal.aborted) return
    for (const frame of this.#fold.takeFresh()) {
      this.#fetcher.want(frame)
      this.#appliers.get(frame.canvas)?.offer(frame)
    }
    const { config } = this.#fold
    if (config !== undefined && config !== this.#followed) {
      this.#followed = config
      this.#channels?.follow(config)
    }
    if (config !== this.#boardIs && this.boardStopped === undefined) this.#configureBoard()
    for (const applier of this.#appliers.values()) {
      applier.wake()
      this.boardStopped ??= applier.stopped
    }
    this.#checking ??= this.#services.clock.after(this.#settings.breakMs, () => this.#check())
    for (const listener of this.#listeners) listener()
  }

  /** The board begins with the first frame, so that its time is the source's. */
  #configureBoard(): void {
    if (this.#configuring !== undefined || this.#firstFrameMs() === undefined) return
    this.#configuring = this.#configure().finally(() => {
      this.#configuring = undefined
      this.#react()
    })
  }

  async #configure(): Promise<void> {
    const { clock, random, onError } = this.#services
    const { signal } = this.#stop
    for (let failures = 1; !signal.aborted; failures++) {
      const { config } = this.#fold
      if (config === undefined) return
      try {
        await this.#room.enough(signal)
        await this.#board.configure(config, Math.min(clock.now(), this.#firstFrameMs() ?? clock.now()))
        this.#boardIs = config
        for (const { index } of config.canvases) this.#openApplier(index)
        return
      } catch (error) {
        if (signal.aborted) return
        onError(error)
        if (!(error instanceof SpateError && error.retryable)) {
          this.boardStopped = error
          return
        }
      }
      await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
    }
  }

  #firstFrameMs(): number | undefined {
    let firstMs: number | undefined
    for (const { coverage } of this.#fold.chains.values()) {
      const { seen } = coverage.report([])
      if (seen !== undefined) firstMs = Math.min(firstMs ?? seen.fromMs, seen.fromMs)
    }
    return firstMs
  }

  #openApplier(index: number): void {
    const chain = this.#fold.chains.get(index)
    if (this.#appliers.has(index) || chain === undefined || this.#stop.signal.aborted) return
    this.#appliers.set(index, new Applier(this.#applierServices(), chain))
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

  /** Canvases whose chain has been broken for a while are given a full frame. */
  #check(): void {
    this.#checking = undefined
    const { clock } = this.#services
    for (const { index } of this.#fold.config?.canvases ?? []) {
      const chain = this.#fold.chains.get(index)
      if (chain !== undefined) this.#checkOne(index, chain, clock.elapsedMs())
    }
    if (this.#brokenSinceMs.size > 0 && !this.#stop.signal.aborted) {
      this.#checking = clock.after(this.#settings.breakMs, () => this.#check())
    }
  }

  #checkOne(index: number, chain: Chain, nowMs: number): void {
    if (chain.isWhole || chain.counts.diffs + chain.counts.fulls === 0) {
      if (this.#brokenSinceMs.delete(index)) this.#channels?.repaired(index)
      return
    }
    const sinceMs = this.#brokenSinceMs.get(index)
    if (sinceMs === undefined) this.#brokenSinceMs.set(index, nowMs)
    else if (nowMs - sinceMs >= this.#settings.breakMs) this.#channels?.repair(index)
  }

  async #resumeAsks(): Promise<void> {
    const asker = this.#asker
    if (asker === undefined) return
    for (const chain of this.#fold.chains.values()) {
      try {
        await asker.resume(chain)
      } catch (error) {
        this.#services.onError(error)
      }
    }
  }

  /** A large state is saved less often, so that it takes a hundredth of the thread at most. */
  #armSave(tookMs: number): void {
    const { clock } = this.#services
    this.#cancelSave = clock.after(Math.max(SAVE_EVERY_MS, tookMs * 100), () => {
      const beganMs = clock.elapsedMs()
      void this.#save().then(() => {
        if (!this.#stop.signal.aborted) this.#armSave(clock.elapsedMs() - beganMs)
      })
    })
  }

  /** A state that cannot be saved costs nothing but a longer start. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      if (this.#fold.position === this.#savedAt) return
      const { position } = this.#fold
      const state = new TextEncoder().encode(JSON.stringify(this.#fold))
      try {
        await this.#services.kv.commit('visible', (changes) => changes.put(this.#table, this.name, state))
        this.#savedAt = position
      } catch (error) {
        this.#services.onError(error)
      }
    })
    return this.#saving
  }

  /** Ends the connections, then what is under way; what was received is durable by then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelSave?.()
    this.#checking?.()
    // A log that takes nothing is not waited for.
    if (!this.#recorder.isHealthy) await this.#recorder.close()
    await this.#channels?.close()
    this.#stop.abort()
    await Promise.all([
      this.#asker?.close(),
      this.#fetcher?.close(),
      this.#configuring,
      ...Array.from(this.#appliers.values(), (applier) => applier.close()),
    ])
    await this.#frames[Symbol.asyncDispose]()
    await this.#recorder.close()
    this.#followStop.abort()
    await this.#running
    await this.#save()
  }
}

const NOBODY: Questioner = { roomFor: () => 0, ask: () => {} }
