import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { SpateError } from '../../base/errors.ts'
import { RateLimit } from '../../base/rate.ts'
import { Batch } from '../batch.ts'
import { persist } from '../persist.ts'
import type { Recorder } from '../recorder.ts'
import { type Answer, CaptureRecordType, HISTORY_CHANNEL, type OverdueCell } from '../records.ts'
import { pause, type Room } from '../room.ts'
import type { Questioner } from './applier.ts'
import { type AskKind, AskLimit } from './ask-limit.ts'
import { type Chain, cellKey, type Frame, type OpenAsks } from './chain.ts'
import type { Connection } from './connection.ts'
import type { FrameStore } from './frame-store.ts'
import { type AskedCell, CELLS_A_REQUEST, type CellHistory, historiesIn, historyOf } from './history.ts'
import { Line, type LineServices } from './line.ts'
import type { CanvasPlace } from './messages.ts'
import type { FrameCells } from './picture.ts'
import { type WaitingCell, WaitingCells } from './waiting-cells.ts'

/** Changes of which so few wait are soon asked for. */
const FEW_ASKS = 4096
const ANSWERS_A_RECORD = 8192
/** Requests in which a cell may be left unanswered before it counts as such. */
const MAX_TRIES = 5
const MAX_SINGLE_ASKS = 1000

interface SingleAsk extends AskedCell {
  readonly done: PromiseWithResolvers<CellHistory | undefined>
}

/** Of a canvas, as they were when the collector started. */
interface ResumedAsks extends Omit<OpenAsks, 'overdue'> {
  readonly index: number
  readonly overdue: readonly OverdueCell[]
}

interface Request {
  readonly cells: readonly WaitingCell[]
  readonly singles: readonly SingleAsk[]
  readonly done: PromiseWithResolvers<readonly (CellHistory | undefined)[] | undefined>
}

export interface AskerServices extends LineServices {
  readonly recorder: Pick<Recorder, 'message' | 'now' | 'later' | 'room'>
  readonly frames: FrameStore
  readonly room: Room
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/**
 * Asks who changed the changed cells, up to 24 a request, over several sockets, no faster than is allowed. For each cell
 * and change there is one `answered` record, whatever ends in between: what is asked for and not answered yet follows
 * from the stream, and is asked again after a start. Of changes of one cell that wait together only the last can still
 * be told; the answer stands for all of them, and its time tells which one it is.
 */
export class Asker implements Questioner {
  readonly #services: AskerServices
  readonly #cells = new WaitingCells()
  readonly #singles: SingleAsk[] = []
  readonly #answers: Batch<Answer>
  readonly #lines: Line[]
  readonly #requests = new Map<number, Map<string, Request>>()
  readonly #rate: RateLimit
  readonly #limit: AskLimit
  readonly #stop = new AbortController()
  readonly #wakes = new Set<() => void>()
  #nextId = 1

  private constructor(services: AskerServices, url: string) {
    this.#services = services
    const { settings, recorder } = services
    this.#limit = new AskLimit(settings.historyWaiting)
    this.#rate = new RateLimit(settings.historyRequestsPerSecond, Math.max(1, settings.historySockets))
    this.#answers = new Batch(recorder, ANSWERS_A_RECORD, (body) => ({
      type: CaptureRecordType.answered,
      body,
    }))
    this.#lines = Array.from({ length: settings.historySockets }, (_, i) => this.#line(i, url))
  }

  static open(services: AskerServices, url: string): Asker {
    return new Asker(services, url)
  }

  /** Changes that wait for an answer. */
  get waiting(): number {
    return this.#cells.size
  }

  takes(kind: AskKind, cells: number): boolean {
    return this.#limit.takes(kind, cells, this.waiting)
  }

  get isIdle(): boolean {
    return this.waiting < Math.min(FEW_ASKS, this.#services.settings.historyWaiting / 2)
  }

  askOverdue({ index, dx, dy }: CanvasPlace, cells: readonly OverdueCell[]): void {
    for (const { x, y, rgb, changeMs } of cells) {
      const cell = { canvas: index, x: x - dx, y: y - dy, boardX: x, boardY: y }
      this.#cells.add(cell, { changeMs, rgb }, false)
    }
    this.#wakeAll()
  }

  ask(frame: Frame, cells: FrameCells): void {
    this.#add(frame.canvas, frame, cells, frame.kind === 'full', new Set())
  }

  #add(
    canvas: number,
    { timestampMs: changeMs, dx, dy }: Pick<Frame, 'timestampMs' | 'dx' | 'dy'>,
    { count, at, width, rgb }: FrameCells,
    isFull: boolean,
    answered: ReadonlySet<number>,
  ): void {
    for (let i = 0; i < count; i++) {
      const y = Math.floor(at[i]! / width)
      const x = at[i]! - y * width
      const cell = { canvas, x, y, boardX: x + dx, boardY: y + dy }
      if (answered.has(cellKey(cell.boardX, cell.boardY))) continue
      this.#cells.add(cell, { changeMs, rgb: rgb[i]! }, !isFull)
    }
    this.#wakeAll()
  }

  /** What is asked for by now and not answered, from before the start. */
  async resume(chains: Iterable<Chain>): Promise<void> {
    // What is asked for from now on is none of it.
    const asks = Array.from(chains).flatMap(({ index, openAsks }) =>
      Array.from(openAsks.values(), (open) => ({
        ...{ ...open, index },
        pictures: [...open.pictures],
        overdue: [...open.overdue.values()],
      })),
    )
    for (const open of asks) {
      // What no retry helps stays open; `onError` was told.
      await persist(this.#services, this.#stop.signal, () => this.#resume(open)).catch(() => {})
    }
  }

  async #resume({ index, pictures, overdue, answered, ...open }: ResumedAsks): Promise<void> {
    const { frames, onError } = this.#services
    const { dx, dy } = open
    const found = await Promise.all(pictures.map(({ sha256 }) => frames.cellsLeft(sha256, onError)))
    for (const [i, cells] of found.entries()) {
      if (cells !== undefined) this.#add(index, open, cells, pictures[i]?.isFull ?? false, answered)
    }
    this.askOverdue({ index, dx, dy }, overdue)
  }

  /** One cell, before all others; undefined where the source says nothing. Errors: `overloaded`, `unavailable`. */
  askOne(cell: AskedCell): Promise<CellHistory | undefined> {
    if (this.#stop.signal.aborted)
      return Promise.reject(new SpateError('unavailable', 'the collector is stopping'))
    if (this.#singles.length >= MAX_SINGLE_ASKS) {
      return Promise.reject(new SpateError('overloaded', 'too many ask for cells'))
    }
    const done = Promise.withResolvers<CellHistory | undefined>()
    this.#singles.push({ ...cell, done })
    this.#wakeAll()
    return done.promise
  }

  #line(index: number, url: string): Line {
    const requests = new Map<string, Request>()
    this.#requests.set(index, requests)
    const plan = { channel: HISTORY_CHANNEL, url, subscription: undefined, silenceMs: 0, quietMs: 0 }
    return new Line(this.#services, plan, {
      onReady: (connection) => void this.#serve(connection, requests),
      onData: (id, text) => {
        const request = requests.get(id)
        if (request === undefined) return
        requests.delete(id)
        request.done.resolve(historiesIn(text, request.cells.length + request.singles.length))
      },
      onDown: () => {
        for (const request of requests.values()) request.done.resolve(undefined)
        requests.clear()
        this.#wakeAll()
      },
    })
  }

  /** One request after another, while the connection is there. */
  async #serve(connection: Connection, requests: Map<string, Request>): Promise<void> {
    const { clock, settings, room } = this.#services
    const { signal } = this.#stop
    while (connection.isReady && !signal.aborted) {
      await room.enough(signal)
      if (this.waiting === 0 && this.#singles.length === 0) {
        await this.#woken()
        continue
      }
      const waitMs = this.#rate.take('requests', 1, clock.elapsedMs())
      if (waitMs > 0) {
        await pause(clock, waitMs, signal)
        continue
      }
      const request = this.#request()
      if (request === undefined) continue
      const id = String(this.#nextId++)
      requests.set(id, request)
      connection.ask(id, historyOf([...request.singles, ...request.cells]))
      const cancel = clock.after(settings.historyMs, () => {
        if (requests.has(id)) connection.end('silent', `no answer for ${settings.historyMs} ms`)
      })
      const histories = await request.done.promise
      cancel()
      this.#settle(request, histories)
    }
  }

  #request(): Request | undefined {
    const singles = this.#singles.splice(0, CELLS_A_REQUEST)
    const cells = this.#cells.take(CELLS_A_REQUEST - singles.length)
    if (cells.length + singles.length === 0) return undefined
    return { cells, singles, done: Promise.withResolvers() }
  }

  #settle({ cells, singles }: Request, histories: readonly (CellHistory | undefined)[] | undefined): void {
    for (const [i, single] of singles.entries()) {
      if (histories === undefined) this.#singles.unshift(single)
      else single.done.resolve(histories[i])
    }
    for (const [i, cell] of cells.entries()) {
      const history = histories?.[singles.length + i]
      if (histories !== undefined) cell.tries += 1
      if (history === undefined && cell.tries < MAX_TRIES) this.#cells.putBack(cell)
      else this.#record(cell, history ?? UNTOLD)
    }
  }

  #record({ canvas, boardX, boardY, changes }: WaitingCell, { modifiedMs, user }: CellHistory): void {
    crashPoint('capture.before-answers')
    for (const { changeMs, rgb } of changes) {
      const answer = { canvas, x: boardX, y: boardY, rgb, changeMs, modifiedMs, user }
      this.#answers.add(answer).catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#services.onError(error)
      })
    }
  }

  #woken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wakes.add(resolve)
    return promise
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake()
    this.#wakes.clear()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    const stopping = new SpateError('unavailable', 'the collector is stopping')
    for (const { done } of this.#singles.splice(0)) done.reject(stopping)
    this.#wakeAll()
    await Promise.all(this.#lines.map((line) => line.close('stopped')))
    for (const requests of this.#requests.values()) {
      for (const { done, singles } of requests.values()) {
        for (const single of singles) single.done.reject(stopping)
        done.resolve(undefined)
      }
    }
  }
}

/** The source was asked often enough and said nothing. */
const UNTOLD: CellHistory = { modifiedMs: 0, user: null }
