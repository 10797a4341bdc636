import type { Clock } from '../../base/clock.ts'
import { SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import type { Position } from '../../log/port.ts'
import type { MeterSource } from '../../meters/source.ts'
import { problemOf } from '../problem.ts'
import { type AskedRange, movesAt } from './range.ts'

/** A leaderboard is made anew no more often, and rests for four times as long as it takes. */
const MIN_INTERVAL_MS = 1000
const REST = 4
const HEARTBEAT_MS = 15_000
/** Timers reach no further than 24 days; a period may end later. */
const MAX_DELAY_MS = 3_600_000

export interface LiveQuestion {
  readonly source: MeterSource
  readonly range: AskedRange
  /** The answer as JSON, in two parts: its range, which alone is no news, and what leads. */
  answer(nowSecond: number): Promise<{ readonly range: string; readonly places: string }>
}

/** A connection that events go to. */
export interface Outlet {
  write(bytes: Uint8Array): void
  /** While what was written waits for the system to take it: it says so when it has. */
  isFull(): boolean
  end(): void
}

interface Event {
  readonly position: Position
  readonly places: string
  readonly bytes: Uint8Array
}

interface Watcher {
  readonly outlet: Outlet
  /** What it was last sent. */
  sent: Event | undefined
}

/**
 * One leaderboard for all who watch it: made once for all of them, at most once a second, when its meter changed or
 * its range moved, and sent where it is another than before. A watcher who has not read the last one is sent none
 * until it has, then the newest. While the question cannot be answered for a reason that passes, it is asked again,
 * and watchers are told why; for one that does not pass, they are told and let go.
 */
export class LiveBoard {
  readonly #question: LiveQuestion
  readonly #clock: Clock
  readonly #onClose: () => void
  readonly #watchers = new Set<Watcher>()
  readonly #stopListening: () => void
  #event: Event | undefined
  #trouble: string | undefined
  #isMaking = false
  #isStale = true
  #isOver = false
  #restUntilMs = Number.NEGATIVE_INFINITY
  #cancelNext: (() => void) | undefined
  #cancelMove: (() => void) | undefined
  #cancelBeat: () => void

  constructor(question: LiveQuestion, clock: Clock, onClose: () => void) {
    this.#question = question
    this.#clock = clock
    this.#onClose = onClose
    this.#stopListening = question.source.onChange(() => this.#becameStale())
    this.#cancelBeat = clock.after(HEARTBEAT_MS, () => this.#beat())
    this.#becameStale()
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /** Sent at once where it is known, except to one who comes back and has seen just that. */
  watch(outlet: Outlet, seen: number | undefined): Watcher {
    const watcher: Watcher = { outlet, sent: undefined }
    this.#watchers.add(watcher)
    const event = this.#event
    if (event !== undefined && this.#question.range.kind === 'fixed' && seen === event.position) {
      watcher.sent = event
    }
    this.drained(watcher)
    return watcher
  }

  leave(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  drained(watcher: Watcher): void {
    const event = this.#event
    if (event === undefined || watcher.sent === event || watcher.outlet.isFull()) return
    watcher.sent = event
    watcher.outlet.write(event.bytes)
  }

  #becameStale(): void {
    this.#isStale = true
    if (this.#isMaking || this.#isOver || this.#cancelNext !== undefined) return
    const delayMs = Math.max(0, this.#restUntilMs - this.#clock.elapsedMs())
    this.#cancelNext = this.#clock.after(delayMs, () => {
      this.#cancelNext = undefined
      void this.#make()
    })
  }

  async #make(): Promise<void> {
    const { source, range } = this.#question
    this.#isMaking = true
    this.#isStale = false
    const begunMs = this.#clock.elapsedMs()
    const nowSecond = Math.floor(this.#clock.now() / 1000)
    const { position } = source
    try {
      const answer = await this.#question.answer(nowSecond)
      this.#trouble = undefined
      this.#moveAt(movesAt(range, nowSecond))
      if (answer.places !== this.#event?.places) {
        const data = `{${answer.range},"places":${answer.places}}`
        this.#event = {
          position,
          places: answer.places,
          bytes: Buffer.from(`id: ${position}\ndata: ${data}\n\n`),
        }
        const pace = new Pace()
        for (const watcher of this.#watchers) {
          this.drained(watcher)
          await pace.turn()
        }
      }
    } catch (error) {
      this.#failed(error)
    }
    this.#isMaking = false
    const endedMs = this.#clock.elapsedMs()
    this.#restUntilMs = Math.max(begunMs + MIN_INTERVAL_MS, endedMs + REST * (endedMs - begunMs))
    if (this.#isStale) this.#becameStale()
  }

  #failed(error: unknown): void {
    const problem = JSON.stringify(problemOf(error))
    if (problem !== this.#trouble && !this.#isOver) {
      const bytes = Buffer.from(`event: problem\ndata: ${problem}\n\n`)
      for (const { outlet } of this.#watchers) if (!outlet.isFull()) outlet.write(bytes)
    }
    this.#trouble = problem
    if (error instanceof SpateError && error.retryable) this.#isStale = true
    else this.close()
  }

  #moveAt(second: number | undefined): void {
    this.#cancelMove?.()
    this.#cancelMove = undefined
    if (second === undefined || this.#isOver) return
    const delayMs = Math.max(0, second * 1000 - this.#clock.now())
    this.#cancelMove = this.#clock.after(Math.min(delayMs, MAX_DELAY_MS), () => this.#becameStale())
  }

  #beat(): void {
    const id = this.#event === undefined ? '' : `id: ${this.#event.position}\n`
    const bytes = Buffer.from(`: ${this.#clock.now()}\n${id}\n`)
    for (const { outlet, sent } of this.#watchers) {
      if (sent === this.#event && !outlet.isFull()) outlet.write(bytes)
    }
    this.#cancelBeat = this.#clock.after(HEARTBEAT_MS, () => this.#beat())
  }

  /** Ends all connections. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onClose()
    this.#stopListening()
    this.#cancelNext?.()
    this.#cancelMove?.()
    this.#cancelBeat()
    for (const { outlet } of this.#watchers) outlet.end()
    this.#watchers.clear()
  }
}

/** The leaderboards that anybody watches. */
export class LiveBoards {
  readonly #clock: Clock
  readonly #most: number
  readonly #boards = new Map<string, LiveBoard>()

  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  get count(): number {
    return this.#boards.size
  }

  /** @param key the same for the same question */
  watch(
    key: string,
    question: LiveQuestion,
    outlet: Outlet,
    seen: number | undefined,
  ): { readonly drained: () => void; readonly leave: () => void } {
    const board = this.#boards.get(key) ?? this.#open(key, question)
    const watcher = board.watch(outlet, seen)
    return {
      drained: () => board.drained(watcher),
      leave: () => {
        board.leave(watcher)
        if (board.watchers === 0) board.close()
      },
    }
  }

  /** Whether somebody watches it already. Errors: `overloaded`, where it would be one too many. */
  isWatched(key: string): boolean {
    if (this.#boards.has(key)) return true
    if (this.#boards.size < this.#most) return false
    throw new SpateError('overloaded', 'too many leaderboards are being watched')
  }

  #open(key: string, question: LiveQuestion): LiveBoard {
    const board = new LiveBoard(question, this.#clock, () => void this.#boards.delete(key))
    this.#boards.set(key, board)
    return board
  }

  close(): void {
    for (const board of this.#boards.values()) board.close()
  }
}
