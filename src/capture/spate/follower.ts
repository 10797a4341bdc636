import { messageOf, type SpateError } from '../../base/errors.ts'
import type { Boards } from '../../boards/boards.ts'
import type { PlayerDirectory } from '../../players/directory.ts'
import type { FeedServices } from '../feed/feed-recorder.ts'
import { sourceOf } from '../feed/feed-recorder.ts'
import { namedIn } from '../feed/ids.ts'
import { FeedLine } from '../feed/line.ts'
import { type EndFeed, type FeedEvents, openEventFeed } from '../feed/transport.ts'
import { Recorder } from '../recorder.ts'
import { CaptureRecordType, captureStream } from '../records.ts'
import type { CaptureReport } from '../report.ts'
import { RAW_RESERVE_BYTES, Room } from '../room.ts'
import { StreamState } from '../stream-state.ts'
import { Turn } from '../turn.ts'
import { SpateFold } from './fold.ts'
import { Painter } from './painter.ts'
import { placementsUrl, type SpateSettings } from './settings.ts'

const GAP_EVENTS = ['gap', 'state', 'whole']
const SCHEME = { isEvents: true, idPointer: null, order: 'growing', gapEvents: GAP_EVENTS } as const

export interface SpateServices extends Omit<FeedServices, 'openSocket'> {
  readonly boards: Pick<Boards, 'has' | 'get' | 'create'>
  readonly players: Pick<PlayerDirectory, 'join'>
  /** Of the disk that the log lies on. */
  readonly freeBytes: () => Promise<number>
}

/**
 * Follows a board of another Spate into the stream `capture/<name>` and onto the board `<name>`: every placement with
 * its player and time, from the first one on. What comes goes into the stream first; what is painted follows from it. It
 * goes on exactly where it ended; what the other Spate does not have any more is in the report.
 *
 * A board that cannot be painted holds nothing else up: `boardStopped` says why.
 */
export class SpateFollower implements AsyncDisposable {
  readonly name: string
  stopped: SpateError | undefined
  readonly #services: SpateServices
  readonly #settings: SpateSettings
  readonly #recorder: Recorder
  readonly #room: Room
  readonly #listeners = new Set<() => void>()
  readonly #turn = new Turn()
  #state: StreamState<SpateFold> | undefined
  #line: FeedLine | undefined
  #painter: Painter | undefined
  #nextConnection = 1
  #lastId: string | undefined

  private constructor(name: string, settings: SpateSettings, services: SpateServices) {
    this.name = name
    this.#settings = settings
    this.#services = services
    const { log, clock, random, onError, freeBytes } = services
    const onStopped = (reason: SpateError): void => this.#stopFor(reason)
    this.#recorder = new Recorder({ log, stream: captureStream(name), clock, random, onError, onStopped })
    this.#room = new Room(clock, freeBytes, RAW_RESERVE_BYTES)
  }

  /** Resolves when all is folded that the stream held, and the source is being connected to. Errors: those of the log. */
  static async open(name: string, settings: SpateSettings, services: SpateServices): Promise<SpateFollower> {
    const follower = new SpateFollower(name, settings, services)
    await follower.#open()
    return follower
  }

  async #open(): Promise<void> {
    const { log, kv, clock, random, boards, players, onError } = this.#services
    const [recorder, room] = [this.#recorder, this.#room]
    this.#state = await StreamState.open<SpateFold>(this.name, {
      log,
      kv,
      clock,
      load: SpateFold.load,
      empty: () => new SpateFold(),
      onError,
      onFolded: () => this.#folded(),
      onStopped: (reason) => this.#stopFor(reason),
    })
    const { fold } = this.#state
    const { source } = this.#settings
    this.#nextConnection = fold.line.nextConnection
    this.#lastId = fold.line.lastId
    const { isEvents, order: idOrder } = SCHEME
    const own = { resumes: true, gapEvents: GAP_EVENTS.join(' '), authors: source, run: this.#turn.mark }
    const settings = { isEvents, idOrder, ...own }
    const body = { kind: 'spate' as const, source: sourceOf(placementsUrl(this.#settings)), settings }
    const painting = { log, boards, players, recorder, room, clock, random, onError }
    this.#painter = new Painter(this.name, source, fold.painted, painting)
    await recorder.now({ type: CaptureRecordType.began, body })
    this.#line = new FeedLine(
      {
        recorder,
        clock,
        random,
        nextConnection: () => this.#nextConnection++,
        open: (events) => this.#connect(events),
        onKept: (bytes) => {
          this.#lastId = namedIn(bytes, SCHEME).id ?? this.#lastId
        },
      },
      this.#settings,
    )
  }

  #connect(events: FeedEvents): EndFeed {
    const { headers } = this.#settings
    const url = placementsUrl(this.#settings, this.#lastId)
    return openEventFeed(this.#services.fetch, { url, headers }, events)
  }

  #folded(): void {
    const reason = this.#turn.lost(this.#state?.fold.line.began)
    if (reason !== undefined) this.#stopFor(reason)
    for (const listener of this.#listeners) listener()
  }

  #stopFor(reason: SpateError): void {
    if (this.stopped !== undefined) return
    this.stopped = reason
    this.#services.onStopped(reason)
    void this.#line?.close()
    for (const listener of this.#listeners) listener()
  }

  /** Why nothing more is painted until the next start. What is heard is kept all the same. */
  get boardStopped(): unknown {
    return this.#painter?.stopped
  }

  /** What is not heard or painted now, and why; for the organiser, as it quotes the source. */
  get problem(): string | null {
    const board =
      this.boardStopped === undefined ? null : `nothing is painted: ${messageOf(this.boardStopped)}`
    const problems = [board, this.#state?.fold.line.problem ?? null].filter((problem) => problem !== null)
    return problems.length === 0 ? null : problems.join('; ')
  }

  /** As of all that is folded. */
  report(): CaptureReport {
    return (this.#state?.fold ?? new SpateFold()).report(this.name)
  }

  /** The source's position up to which all is on the board. */
  get paintedUpTo(): number {
    return this.#state?.fold.painted.sourceAt ?? 0
  }

  /** For metrics. */
  get waiting(): { downloads: number; asks: number; rawBytes: number; isStalled: boolean } {
    const { waitingBytes: rawBytes, isHealthy } = this.#recorder
    return { downloads: 0, asks: 0, rawBytes, isStalled: !isHealthy || this.#room.isScarce }
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
    await this.#painter?.close()
    await this.#recorder.close()
    await this.#state?.[Symbol.asyncDispose]()
  }
}
