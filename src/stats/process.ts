import { type ChildProcess, fork } from 'node:child_process'
import type { Clock } from '../base/clock.ts'
import { type ErrorCode, messageOf, SpateError } from '../base/errors.ts'
import type { Strokes } from '../boards/canvas/strokes.ts'
import type { Position } from '../log/port.ts'
import type { Measuring } from './measurer.ts'
import type { MeterPlace } from './place.ts'

export interface ToldError {
  readonly code: ErrorCode
  readonly message: string
}

export interface MeasureJob {
  readonly kind: 'measure'
  readonly id: number
  readonly space: string
  readonly origin: string
  readonly bytes: Uint8Array
}

export type ProcessJob =
  | { readonly kind: 'begin'; readonly place: MeterPlace }
  | MeasureJob
  | { readonly kind: 'end' }

export type ProcessAnswer =
  | { readonly kind: 'measured'; readonly id: number; readonly position: Position }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ToldError }
  | { readonly kind: 'stalled'; readonly space: string; readonly reason: ToldError | undefined }

function errorOf({ code, message }: ToldError): SpateError {
  return new SpateError(code, message)
}

/** What the process may have on its heap: a board of half a million players has some 200 MB there. Columns and bitmaps lie outside. */
const MAX_HEAP_MB = 1024
/** After the first death; after each further one twice as long. */
const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 60_000
/** A process that lived as long has nothing to do with the deaths before. */
const LONG_LIFE_MS = 60_000
/** For which commits under way are waited at the end; then it is killed, which loses nothing. */
const END_WITHIN_MS = 30_000

/**
 * Measures the boards of a server in one process of its own, of lower priority, so that whoever plays does not wait for
 * it, and whatever it dies of, nobody else does: a thread whose heap is full or that throws with LMDB open ends the
 * whole process. It is started with the first strokes, has 1,024 MB of heap, and ends when its server does.
 *
 * When it dies, what it had under way is refused as `unavailable`; some of it may be stored. The next strokes start
 * another, which goes on from where the stores stand: after a second, and twice as long after each death that follows
 * within a minute of life, up to a minute. Until then all is `unavailable`.
 */
export class MeterProcess implements AsyncDisposable {
  readonly #place: MeterPlace
  readonly #clock: Clock
  readonly #onDeath: (error: SpateError) => void
  #child: ChildProcess | undefined
  #bornMs = 0
  /** How often it died since it last lived long. */
  #deathsInARow = 0
  /** Before, none is started. */
  #restMs = Number.NEGATIVE_INFINITY
  /** Of all, since the start. */
  deaths = 0
  #nextId = 1
  #isClosed = false
  readonly #waiting = new Map<number, PromiseWithResolvers<Position>>()
  readonly #onStall = new Map<string, (reason: SpateError | undefined) => void>()

  /** @param onDeath told of each; not of the end that `[Symbol.asyncDispose]` asks for */
  constructor(place: MeterPlace, clock: Clock, onDeath: (error: SpateError) => void) {
    this.#place = place
    this.#clock = clock
    this.#onDeath = onDeath
  }

  /**
   * @param origin of the board's stream (`originOf`)
   * @param onStall told why nothing moves in this space, and `undefined` once it does again
   */
  measuring(space: string, origin: string, onStall: (reason: SpateError | undefined) => void): Measuring {
    this.#onStall.set(space, onStall)
    return { measure: (strokes) => this.#measure(space, origin, strokes) }
  }

  async #measure(space: string, origin: string, strokes: Strokes): Promise<Position> {
    if (this.#isClosed) throw new SpateError('unavailable', 'the server is stopping')
    const child = this.#running()
    const id = this.#nextId++
    const done = Promise.withResolvers<Position>()
    this.#waiting.set(id, done)
    send(child, { kind: 'measure', id, space, origin, bytes: strokes.encode() })
    return done.promise
  }

  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const nowMs = this.#clock.elapsedMs()
    if (nowMs < this.#restMs) {
      throw new SpateError('unavailable', `what measures boards died ${this.#deathsInARow} times in a row`)
    }
    const child = fork(new URL('./worker.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${MAX_HEAP_MB}`],
      serialization: 'advanced',
    })
    child.unref()
    child.channel?.unref()
    // What the other end sends.
    child.on('message', (message) => this.#hear(message as ProcessAnswer))
    child.once('error', (cause) => this.#ended(child, messageOf(cause)))
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`))
    send(child, { kind: 'begin', place: this.#place })
    this.#child = child
    this.#bornMs = nowMs
    return child
  }

  #hear(message: ProcessAnswer): void {
    if (message.kind === 'stalled') {
      const { space, reason } = message
      this.#onStall.get(space)?.(reason && errorOf(reason))
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'measured') waiting?.resolve(message.position)
    else waiting?.reject(errorOf(message.error))
  }

  #ended(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    const error = new SpateError('unavailable', `the process that measures boards ended: ${reason}`)
    if (!this.#isClosed) this.#died(error)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
  }

  #died(error: SpateError): void {
    const nowMs = this.#clock.elapsedMs()
    const livedLong = nowMs - this.#bornMs >= LONG_LIFE_MS
    this.#deathsInARow = livedLong ? 1 : this.#deathsInARow + 1
    this.#restMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** (this.#deathsInARow - 1), MAX_PAUSE_MS)
    this.deaths += 1
    this.#onDeath(error)
  }

  /** Commits under way are finished; what waits for a store is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const child = this.#child
    if (child === undefined) return
    const exited = Promise.withResolvers<void>()
    child.once('exit', () => exited.resolve())
    child.once('error', () => exited.resolve())
    child.ref()
    send(child, { kind: 'end' })
    const cancel = this.#clock.after(END_WITHIN_MS, () => child.kill('SIGKILL'))
    await exited.promise
    cancel()
  }
}

/** What cannot be sent is refused when the other end's death is known. */
function send(child: ChildProcess, job: ProcessJob): void {
  child.send(job, () => undefined)
}
