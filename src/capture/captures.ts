import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { type Boards, isBoardId } from '../boards/boards.ts'
import type { Jobs } from '../jobs/port.ts'
import { type Log, START } from '../log/port.ts'
import type { PlayerDirectory } from '../players/directory.ts'
import type { Kv } from '../store/kv.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import type { Tables } from '../store/sql/port.ts'
import type { PixelRow, UrlStatus } from '../store/sql/schema.ts'
import { CapturedStream, capturedKind, foldOfKind } from './captured-stream.ts'
import type { Collector } from './collectors.ts'
import { frameKey } from './place/frame-store.ts'
import type { CellHistory } from './place/history.ts'
import { placeReach } from './place/settings.ts'
import type { OpenSocket } from './place/socket.ts'
import { type CaptureKind, captureStream } from './records.ts'
import type { CaptureReport } from './report.ts'
import { pause } from './room.ts'
import type { Fetch } from './source/fetch.ts'
import type { TablesFollower } from './tables-follower.ts'
import { placeSettings, type WantedCapture } from './wanted.ts'
import { WantedFolder } from './wanted-folder.ts'

const PREFIX = 'capture/'
const FIRST_RETRY_MS = 500
const MOST_RETRY_MS = 30_000
/** How long a look at all of them is believed: with thousands of holes it costs something. */
const STATES_MS = 1000
/** That one server follows at once. */
export const MAX_CAPTURES = 64

export interface CapturesServices {
  readonly log: Log
  readonly kv: Kv
  readonly objects: ObjectStore
  readonly boards: Pick<Boards, 'has' | 'get' | 'create'>
  readonly players: Pick<PlayerDirectory, 'join'>
  readonly tables: Tables
  readonly jobs: Jobs
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly fetch: Fetch
  readonly openSocket: OpenSocket
  /** Of the disk that the log lies on. */
  readonly freeBytes: () => Promise<number>
  /** Of the files that say what this server follows. */
  readonly folder: string
  readonly onError: (capture: string, error: unknown) => void
  readonly onStopped: (capture: string, reason: SpateError) => void
}

/**
 * `following`: all that the source has is heard; `connecting`: some of it is not, and is tried for; `stopped`: nothing
 * is followed until somebody mends what failed; `ended`: this server was told to stop, or another one follows.
 */
export type CaptureState = 'following' | 'connecting' | 'stopped' | 'ended'

export interface CaptureStatus {
  readonly kind: CaptureKind
  readonly state: CaptureState
  /** Why it is not `following`, as far as it is known. */
  readonly problem: string | null
  /** Null where this server does not follow it. */
  readonly waiting: Collector['waiting'] | null
  /** Position of the last record whose rows are in the tables; null where nobody asked for them yet. */
  readonly tablesPosition: number | null
  readonly report: CaptureReport
}

/** Of one that this server follows. */
export interface FollowedState extends CaptureStatus {
  readonly name: string
}

interface Followed {
  readonly wanted: WantedCapture
  readonly stop: AbortController
  collector: Collector | undefined
  failure: SpateError | undefined
  opening: Promise<void>
}

/**
 * All captures that this server knows: those that it follows, as its folder says, and those whose streams are in the
 * log. What is followed goes on after a restart; a capture that cannot be begun is tried again if that can help, and
 * holds no other up.
 */
export class Captures implements AsyncDisposable {
  readonly #services: CapturesServices
  readonly #folder: WantedFolder
  readonly #followed = new Map<string, Followed>()
  readonly #streams = new Map<string, CapturedStream>()
  readonly #tables = new Map<string, TablesFollower>()
  readonly #wanted: Map<string, WantedCapture>
  /** Whose files say nothing that can be understood, and why. */
  readonly #unreadable: Map<string, SpateError>
  #turn: Promise<unknown> = Promise.resolve()
  #states: readonly FollowedState[] = []
  #statesMs = Number.NEGATIVE_INFINITY
  #isStarted = false
  #isClosed = false

  private constructor(
    services: CapturesServices,
    folder: WantedFolder,
    wanted: Map<string, WantedCapture>,
    unreadable: Map<string, SpateError>,
  ) {
    this.#services = services
    this.#folder = folder
    this.#wanted = wanted
    this.#unreadable = unreadable
  }

  /** Starts nothing yet. Errors: `storage-failed`. */
  static async open(services: CapturesServices): Promise<Captures> {
    const folder = new WantedFolder(services.folder)
    const unreadable = new Map<string, SpateError>()
    const wanted = await folder.all((name, error) => {
      if (isBoardId(name)) unreadable.set(name, error)
      services.onStopped(name, error)
    })
    return new Captures(services, folder, wanted, unreadable)
  }

  /** Goes on with all that was followed before. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    for (const [name, wanted] of this.#wanted) this.#follow(name, wanted)
  }

  /** Of the captures that are followed here or that the log holds, in order. */
  async names(): Promise<string[]> {
    const streams = await this.#services.log.streams()
    const captured = streams.filter((stream) => stream.startsWith(PREFIX))
    const named = captured.map((stream) => stream.slice(PREFIX.length))
    return [...new Set([...this.#wanted.keys(), ...this.#unreadable.keys(), ...named])].sort()
  }

  /** Follows, from now on and after every restart. Errors: `invalid`, `conflict`, `overloaded`, those of the folder. */
  put(name: string, wanted: WantedCapture): Promise<void> {
    return this.#inTurn(async () => {
      if (!isBoardId(name)) throw new SpateError('invalid', `${JSON.stringify(name)} is no name of a board`)
      if (JSON.stringify(this.#wanted.get(name)) === JSON.stringify(wanted)) {
        if (this.#followed.get(name)?.failure === undefined) return
      }
      await this.#requireFit(name, wanted)
      await this.#folder.put(name, wanted)
      await this.#end(name)
      this.#unreadable.delete(name)
      this.#wanted.set(name, wanted)
      this.#follow(name, wanted)
    })
  }

  async #requireFit(name: string, wanted: WantedCapture): Promise<void> {
    const { kind } = wanted
    // Says what is wrong with its hosts.
    if (kind === 'place') placeReach(placeSettings(wanted))
    if (!this.#wanted.has(name) && this.#wanted.size >= MAX_CAPTURES)
      throw new SpateError('overloaded', `a server follows at most ${MAX_CAPTURES} captures`)
    const head = await this.#services.log.head(captureStream(name))
    if (head === START) {
      if (!this.#services.boards.has(name)) return
      throw new SpateError('conflict', `there is a board ${name} already: capture under another name`)
    }
    const before = await capturedKind(this.#services.log, name)
    if (before !== undefined && before !== kind)
      throw new SpateError('conflict', `${name} was captured as ${before}: use another name`)
  }

  /** Follows no more; what was captured stays. Errors: `not-found`, those of the folder. */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#wanted.has(name) && !this.#unreadable.has(name)) {
        const isKnown = (await this.names()).includes(name)
        throw new SpateError('not-found', isKnown ? `${name} is not followed here` : noCapture(name))
      }
      await this.#folder.remove(name)
      this.#wanted.delete(name)
      this.#unreadable.delete(name)
      await this.#end(name)
    })
  }

  #follow(name: string, wanted: WantedCapture): void {
    const stop = new AbortController()
    const opening = Promise.resolve()
    const followed: Followed = { wanted, stop, collector: undefined, failure: undefined, opening }
    this.#followed.set(name, followed)
    this.#streams.delete(name)
    followed.opening = this.#open(name, followed)
  }

  async #open(name: string, followed: Followed): Promise<void> {
    const { clock, random, onError, onStopped } = this.#services
    const { signal } = followed.stop
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        // Loaded by who captures.
        const { openCollector } = await import('./collectors.ts')
        const collector = await openCollector(name, followed.wanted, {
          ...this.#services,
          onError: (error) => onError(name, error),
          onStopped: (reason) => onStopped(name, reason),
        })
        followed.collector = collector
        followed.failure = undefined
        if (followed.wanted.kind !== 'feed') await this.#tablesOf(name)
        return
      } catch (cause) {
        if (signal.aborted) return
        followed.failure =
          cause instanceof SpateError ? cause : new SpateError('corrupt', `${name} failed`, { cause })
        if (!followed.failure.retryable) {
          onStopped(name, followed.failure)
          return
        }
        onError(name, cause)
      }
      await pause(clock, backoffMs(failures, FIRST_RETRY_MS, MOST_RETRY_MS, random()), signal)
    }
  }

  async #end(name: string): Promise<void> {
    const followed = this.#followed.get(name)
    if (followed === undefined) return
    followed.stop.abort()
    await followed.opening
    await followed.collector?.[Symbol.asyncDispose]()
    this.#followed.delete(name)
  }

  /** Errors: `not-found`, those of the log, `newer-version`, `corrupt`. */
  async status(name: string): Promise<CaptureStatus> {
    const tablesPosition = this.#tables.get(name)?.position ?? null
    const followed = this.#followed.get(name)
    const collector = followed?.collector
    const kind = await this.#kindOf(name)
    if (followed === undefined || collector === undefined) {
      const report = await this.#streamOf(name).report()
      const failure = followed?.failure ?? this.#unreadable.get(name)
      const waits = followed === undefined ? 'ended' : 'connecting'
      const state = failure?.retryable === false ? 'stopped' : waits
      return { kind, state, problem: failure?.message ?? null, waiting: null, tablesPosition, report }
    }
    return statusOf(kind, collector, tablesPosition)
  }

  /** As {@link status}; of a stream that cannot be read nothing but why, so that it hides no other. */
  async line(name: string): Promise<CaptureStatus> {
    try {
      return await this.status(name)
    } catch (error) {
      if (!(error instanceof SpateError && UNREADABLE.has(error.code))) throw error
      const kind = this.#wanted.get(name)?.kind ?? 'place'
      const report = foldOfKind(kind).report(name)
      return { kind, state: 'stopped', problem: error.message, waiting: null, tablesPosition: null, report }
    }
  }

  /** How those are doing that this server follows, once they are opened; at most a second ago. */
  followed(): readonly FollowedState[] {
    const nowMs = this.#services.clock.elapsedMs()
    if (nowMs - this.#statesMs >= STATES_MS) {
      this.#states = this.#statesNow()
      this.#statesMs = nowMs
    }
    return this.#states
  }

  #statesNow(): FollowedState[] {
    return [...this.#followed].flatMap(([name, { wanted, collector }]) => {
      if (collector === undefined) return []
      return [{ name, ...statusOf(wanted.kind, collector, this.#tables.get(name)?.position ?? null) }]
    })
  }

  /** Whether somebody has had the tables opened. */
  get usesTables(): boolean {
    return this.#tables.size > 0
  }

  async #kindOf(name: string): Promise<CaptureKind> {
    await this.#requireKnown(name)
    return this.#wanted.get(name)?.kind ?? (await capturedKind(this.#services.log, name)) ?? 'place'
  }

  /** Whether it is followed here, or the log holds it. */
  async has(name: string): Promise<boolean> {
    if (this.#wanted.has(name) || this.#unreadable.has(name)) return true
    return isBoardId(name) && (await this.#services.log.head(captureStream(name))) > START
  }

  async #requireKnown(name: string): Promise<void> {
    if (await this.has(name)) return
    throw new SpateError('not-found', noCapture(name))
  }

  #streamOf(name: string): CapturedStream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      const { onError } = this.#services
      stream = new CapturedStream(name, { ...this.#services, onError: (error) => onError(name, error) })
      this.#streams.set(name, stream)
    }
    return stream
  }

  /** Who changed a cell when, as far as the source told, the latest first. Errors: `not-found`, `unavailable`. */
  async history(name: string, x: number, y: number, limit: number): Promise<PixelRow[]> {
    if ((await this.#kindOf(name)) === 'feed') throw new SpateError('invalid', NOT_ASKED.feed)
    return (await this.#tablesOf(name)).history(x, y, limit)
  }

  /** A frame as the source sent it, by its hash. Errors: `not-found`, those of the store. */
  frame(sha256: string): Promise<Uint8Array> {
    return this.#services.objects.get(frameKey(sha256))
  }

  /** What became of the frames that were named. Errors: `not-found`, `unavailable`. */
  async urls(name: string): Promise<Record<UrlStatus, number>> {
    if ((await this.#kindOf(name)) === 'feed') return NO_URLS
    return (await this.#tablesOf(name)).urls()
  }

  /**
   * Asks the source now. Errors: `not-found`, `invalid` for a kind that is not asked, `conflict` where it is not followed
   * here, those of the collector.
   */
  async askPixel(name: string, x: number, y: number): Promise<CellHistory | undefined> {
    const kind = await this.#kindOf(name)
    if (kind !== 'place') throw new SpateError('invalid', NOT_ASKED[kind])
    const collector = this.#followed.get(name)?.collector
    if (collector?.askPixel === undefined) throw new SpateError('conflict', `${name} is not followed here`)
    return collector.askPixel(x, y)
  }

  async #tablesOf(name: string): Promise<TablesFollower> {
    const { TablesFollower } = await import('./tables-follower.ts')
    if (this.#isClosed) throw new SpateError('unavailable', 'the server is stopping')
    let follower = this.#tables.get(name)
    if (follower === undefined) {
      const { onError } = this.#services
      follower = new TablesFollower(name, { ...this.#services, onError: (error) => onError(name, error) })
      this.#tables.set(name, follower)
      this.#services.jobs.start()
    }
    return follower
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (this.#isClosed) throw new SpateError('unavailable', 'the server is stopping')
      return run()
    })
    this.#turn = result.catch(() => {})
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#turn
    await Promise.all([...this.#followed.keys()].map((name) => this.#end(name)))
    await Promise.all(Array.from(this.#tables.values(), (follower) => follower[Symbol.asyncDispose]()))
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(['corrupt', 'newer-version'])

const NOT_ASKED: Readonly<Record<Exclude<CaptureKind, 'place'>, string>> = {
  feed: 'a feed has no pixels',
  spate: 'another Spate tells of every pixel by itself, so nothing has to be asked',
}
const NO_URLS: Record<UrlStatus, number> = { waiting: 0, stored: 0, expired: 0, missing: 0, failed: 0 }

function statusOf(kind: CaptureKind, collector: Collector, tablesPosition: number | null): CaptureStatus {
  const report = collector.report()
  const { stopped, waiting } = collector
  const state = stopped !== undefined ? 'stopped' : stateOf(report)
  return { kind, state, problem: stopped?.message ?? collector.problem, waiting, tablesPosition, report }
}

function stateOf({ canvases }: CaptureReport): CaptureState {
  const isWhole = canvases.length > 0 && canvases.every(({ connections }) => connections > 0)
  return isWhole ? 'following' : 'connecting'
}

function noCapture(name: string): string {
  return `there is no capture ${JSON.stringify(name)}`
}
