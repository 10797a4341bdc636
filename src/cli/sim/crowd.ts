import { setTimeout } from 'node:timers/promises'
import { SpateError } from '../../base/errors.ts'
import { Random } from '../../base/random.ts'
import type { BoardInfo } from '../../boards/canvas/canvas.ts'
import { CHUNK_CELLS, chunksOf } from '../../boards/canvas/geometry.ts'
import type { Api } from '../../client/api.ts'
import { CrowdPlayer } from './player.ts'
import { Reference } from './reference.ts'
import { Tally } from './tally.ts'
import { CrowdViewer } from './viewer.ts'

/** Joining at once; a server counts connections of one address. */
const JOIN_AT_ONCE = 8
const JOIN_MS = 30_000
/** What all viewers together keep of the board; with more of them, each watches a part. */
const MAX_REPLICA_BYTES = 256 << 20
const BEAT_MS = 5
const STALL_MS = { least: 500, most: 5_000 }
/** Stalls a second for each viewer that stalls at times. */
const STALLS_A_SECOND = 0.2
const ASK_AGAIN_MS = 200

export interface CrowdOptions {
  readonly board: string
  readonly players: number
  readonly viewers: number
  /** Edits a second, of all players. */
  readonly rate: number
  readonly seconds: number
  /** The share of viewers that stop reading at times. */
  readonly stalls: number
  /** Drops a minute, of all viewers and players. */
  readonly reconnects: number
  readonly seed: number
}

export interface CrowdResult {
  readonly tally: Tally
  readonly reconnects: number
  readonly resyncs: number
  /** The board that the viewers were compared with; undefined when it never stood still. */
  readonly reference: Reference | undefined
  readonly right: number
}

/** Players and viewers on the real client, against any server. All that they do is drawn from a seed. */
export class Crowd {
  readonly #api: Api
  readonly #options: CrowdOptions
  readonly #random: Random
  readonly #players: CrowdPlayer[] = []
  readonly #viewers: CrowdViewer[] = []
  readonly tally = new Tally()
  #info: BoardInfo | undefined

  constructor(api: Api, options: CrowdOptions) {
    this.#api = api
    this.#options = options
    this.#random = new Random(options.seed)
  }

  /** Everybody is there when it resolves. Errors: those of the API, `unavailable` when not all can be. */
  async join(): Promise<void> {
    const { board, players, viewers } = this.#options
    this.#info = await this.#api.board(board)
    const all = chunksOf(this.#info.extent)
    const each = Math.max(1, Math.floor(MAX_REPLICA_BYTES / CHUNK_CELLS / Math.max(1, viewers)))
    await this.#together(players, async () => {
      const player = await CrowdPlayer.join(this.#api, board, this.#random.fork(), this.tally)
      this.#players.push(player)
      await player.connection.ready
    })
    await this.#together(viewers, async () => {
      const chunks = each >= all.length ? undefined : this.#some(all, each)
      const viewer = new CrowdViewer(this.#api, board, chunks, this.#random.fork(), this.tally)
      this.#viewers.push(viewer)
      await viewer.connection.ready
    })
  }

  #some(chunks: readonly number[], count: number): number[] {
    const rest = [...chunks]
    return Array.from({ length: count }, () => rest.splice(this.#random.below(rest.length), 1)[0] ?? 0)
  }

  async #together(count: number, join: () => Promise<void>): Promise<void> {
    const deadline = AbortSignal.timeout(JOIN_MS)
    const late = new Promise<never>((_, reject) => {
      deadline.onabort = () => {
        const there = this.#players.length + this.#viewers.length
        reject(
          new SpateError('unavailable', `only ${there} could connect (SPATE_MAX_CONNECTIONS_PER_ADDRESS?)`),
        )
      }
    })
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0) await join()
    }
    await Promise.race([Promise.all(Array.from({ length: JOIN_AT_ONCE }, lane)), late])
  }

  /** Places, stalls and drops until the time is over or `signal` aborts. */
  async act(signal: AbortSignal, onSecond: () => void): Promise<void> {
    const { rate, seconds, reconnects } = this.#options
    const endMs = performance.now() + seconds * 1000
    const restless = this.#viewers.slice(0, Math.round(this.#viewers.length * this.#options.stalls))
    const streams = [
      { perSecond: rate, next: 0, act: () => this.#place() },
      { perSecond: restless.length * STALLS_A_SECOND, next: 0, act: () => this.#stall(restless) },
      { perSecond: reconnects / 60, next: 0, act: () => this.#drop() },
      { perSecond: 0, next: performance.now() + 1000, act: onSecond },
    ]
    for (const stream of streams) {
      if (stream.perSecond > 0) stream.next = performance.now() + this.#random.waitMs(stream.perSecond)
      else if (stream.next === 0) stream.next = Number.POSITIVE_INFINITY
    }
    for (let nowMs = performance.now(); nowMs < endMs && !signal.aborted; nowMs = performance.now()) {
      for (const stream of streams) {
        while (stream.next <= nowMs) {
          stream.act()
          stream.next += stream.perSecond > 0 ? this.#random.waitMs(stream.perSecond) : 1000
        }
      }
      for (const viewer of restless) viewer.resumeAt(nowMs)
      await setTimeout(BEAT_MS)
    }
  }

  #place(): void {
    const { tally } = this
    const free = this.#players.filter((player) => player.isFree)
    const player = free[this.#random.below(free.length)]
    const info = this.#info
    if (player === undefined || info === undefined) {
      tally.unsent += 1
      return
    }
    const { left, top, width, height } = info.extent
    // Half of all paint on one spot, as crowds do.
    const [spanX, spanY] = this.#random.chance(0.5)
      ? [Math.min(width, 64), Math.min(height, 64)]
      : [width, height]
    const x = left + this.#random.below(spanX)
    const y = top + this.#random.below(spanY)
    player.place(x, y, this.#random.below(info.palette.length))
  }

  #stall(restless: readonly CrowdViewer[]): void {
    const viewer = restless[this.#random.below(restless.length)]
    if (viewer === undefined || viewer.isStalled) return
    this.tally.stalls += 1
    viewer.stall(performance.now() + this.#random.between(STALL_MS.least, STALL_MS.most))
  }

  #drop(): void {
    const all = [...this.#viewers, ...this.#players.map(({ connection }) => connection)]
    all[this.#random.below(all.length)]?.drop()
  }

  /** Waits until everybody shows what the server has; whoever does not within the time is wrong. */
  async settle(withinMs: number): Promise<CrowdResult> {
    for (const viewer of this.#viewers) viewer.resumeAt(Number.POSITIVE_INFINITY)
    const endMs = performance.now() + withinMs
    let reference: Reference | undefined
    let wrong = this.#viewers
    do {
      await setTimeout(ASK_AGAIN_MS)
      if (this.#players.some(({ underWay }) => underWay > 0)) continue
      if (
        reference === undefined ||
        (await this.#api.digest(this.#options.board)).position !== reference.position
      ) {
        reference = await Reference.fetch(this.#api, this.#options.board)
        wrong = this.#viewers
      }
      const judge = reference
      if (judge !== undefined) wrong = wrong.filter((viewer) => !viewer.shows(judge))
    } while ((reference === undefined || wrong.length > 0) && performance.now() < endMs)
    const connections = [...this.#viewers, ...this.#players].map(({ connection }) => connection)
    return {
      tally: this.tally,
      reconnects: connections.reduce((sum, { reconnects }) => sum + reconnects, 0),
      resyncs: connections.reduce((sum, { resyncs }) => sum + resyncs, 0),
      reference,
      right: this.#viewers.length - wrong.length,
    }
  }

  [Symbol.dispose](): void {
    for (const { connection } of [...this.#viewers, ...this.#players]) connection.close()
  }
}
