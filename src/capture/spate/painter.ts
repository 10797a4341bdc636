import type { Clock } from '../../base/clock.ts'
import { crashPoint } from '../../base/crash.ts'
import { SpateError } from '../../base/errors.ts'
import type { Boards } from '../../boards/boards.ts'
import { encodeBody } from '../../boards/canvas/codec.ts'
import { RecordType } from '../../boards/canvas/records.ts'
import { boardStream } from '../../boards/host.ts'
import { FOLLOW_LIMIT, type Log, type LogRecord, positionOf } from '../../log/port.ts'
import type { PlayerDirectory } from '../../players/directory.ts'
import { CLOSED_RULES } from '../closed-rules.ts'
import { decodeCaptureRecord } from '../codec.ts'
import { persist } from '../persist.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, captureStream } from '../records.ts'
import type { Room } from '../room.ts'
import { type BoardShape, type SpateEvent, spateEventOf } from './events.ts'
import { type Painted, paintedRows } from './fold.ts'
import { differing, paintedRecords, type Step, stepsOf, type TimedRecord } from './steps.ts'

/** Records that one append holds at most. */
const RECORDS_AT_ONCE = 256

export interface PainterServices {
  readonly log: Log
  readonly boards: Pick<Boards, 'has' | 'get' | 'create'>
  readonly players: Pick<PlayerDirectory, 'join'>
  readonly recorder: Pick<Recorder, 'later'>
  readonly room: Room
  readonly clock: Clock
  readonly random: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Puts what another Spate told of its board on the board of the same name as the capture, in order; what was heard while
 * it painted is painted next, all at once, and recorded as such once it is. Who dies in between finds in the board's own
 * stream what was painted of that, and goes on after it. A log or disk that is full is waited for, for ever; whatever
 * else fails ends it until the next start.
 */
export class Painter {
  readonly #name: string
  readonly #source: string
  readonly #services: PainterServices
  readonly #painted: Painted
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  /** What the board's stream holds that is not recorded as painted: bodies, in order. */
  #found: Uint8Array[] | undefined
  /** Why nothing more is painted. */
  stopped: unknown

  /** @param source what its authors' ids are unique in @param painted as of all that the stream holds */
  constructor(name: string, source: string, painted: Painted, services: PainterServices) {
    this.#name = name
    this.#source = source
    this.#painted = { ...painted }
    this.#services = services
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const { log, onError } = this.#services
    const { signal } = this.#stop
    try {
      const after = positionOf(this.#painted.streamAt)
      for await (const batch of log.follow(captureStream(this.#name), after, signal)) {
        const heard = batch.filter(({ type }) => type === CaptureRecordType.messages)
        if (heard.length > 0) await this.#persist(heard)
        if (signal.aborted) return
      }
    } catch (error) {
      if (signal.aborted) return
      this.stopped = error
      onError(error)
    }
  }

  #persist(heard: readonly LogRecord[]): Promise<void> {
    return persist(
      this.#services,
      this.#stop.signal,
      () => this.#paint(heard),
      () => {
        // Whether it was painted all the same shows in the board's stream.
        this.#found = undefined
      },
    )
  }

  async #paint(heard: readonly LogRecord[]): Promise<void> {
    const { boards, recorder } = this.#services
    const messages = heard.flatMap(({ type, body }) => {
      const record = decodeCaptureRecord(type, body)
      return record.type === CaptureRecordType.messages ? record.body : []
    })
    const events = messages.flatMap(({ bytes }) => spateEventOf(bytes) ?? [])
    this.#found ??= await this.#unrecorded()
    const steps = await this.#steps(events)
    crashPoint('capture.before-paint')
    const cells = await this.#take(steps)
    crashPoint('capture.after-paint')
    const boardAt = boards.has(this.#name) ? boards.get(this.#name).canvas.position : 0
    const streamAt = heard.at(-1)?.position ?? 0
    const sourceMs = Math.max(0, ...steps.map(timeOf))
    const arrivedMs = messages.at(-1)?.arrivedMs ?? 0
    const body = paintedRows({ streamAt, boardAt, cells }, { sourceMs, arrivedMs })
    await recorder.later({ type: CaptureRecordType.applied, body })
    crashPoint('capture.after-applied')
    Object.assign(this.#painted, { streamAt, boardAt })
    this.#found = []
  }

  async #unrecorded(): Promise<Uint8Array[]> {
    const { log, boards } = this.#services
    const bodies: Uint8Array[] = []
    if (!boards.has(this.#name)) return bodies
    let at = positionOf(this.#painted.boardAt)
    for (;;) {
      const batch = await log.read(boardStream(this.#name), at, FOLLOW_LIMIT)
      const last = batch.at(-1)
      if (last === undefined) return bodies
      bodies.push(...batch.map(({ body }) => body))
      at = last.position
    }
  }

  async #steps(events: readonly SpateEvent[]): Promise<Step[]> {
    const ids = new Set<string>()
    for (const { kind, body } of events) {
      if (kind === 'message' || kind === 'state') for (const [id] of Object.values(body.authors)) ids.add(id)
    }
    const names = [...ids]
    const numbers = await this.#services.players.join(names.map((id) => `s:${this.#source}/${id}`))
    const numberOf = new Map(names.map((id, i) => [id, numbers[i] ?? 0]))
    return events.flatMap((event) => stepsOf(event, (id) => numberOf.get(id) ?? 0))
  }

  /** Resolves with the number of cells. */
  async #take(steps: readonly Step[]): Promise<number> {
    let cells = 0
    let run: TimedRecord[] = []
    const flush = async (): Promise<void> => {
      const taken = run
      run = []
      if (taken.length > 0) await this.#append(taken)
    }
    let gapMs = 0
    for (const step of steps) {
      if (step.kind === 'append') {
        run.push(step.timed)
        cells += countOf(step.timed)
        if (run.length >= RECORDS_AT_ONCE) await flush()
        continue
      }
      await flush()
      if (step.kind === 'shape') {
        gapMs = step.shape.timeMs
        await this.#shape(step.shape)
        continue
      }
      const { canvas } = this.#services.boards.get(this.#name)
      run = paintedRecords(differing(canvas, step.chunk, step.cells, Math.max(gapMs, canvas.timeMs)))
      cells += run.reduce((sum, timed) => sum + countOf(timed), 0)
    }
    await flush()
    return cells
  }

  async #append(records: readonly TimedRecord[]): Promise<void> {
    const missing = records.filter(({ record }) => !this.#isFound(encodeBody(record)))
    if (missing.length === 0) return
    const host = this.#services.boards.get(this.#name)
    await host.append(
      missing.map(({ record }) => record),
      missing.map(({ timeMs }) => timeMs),
    )
  }

  /** In the order in which it was appended; what somebody else did to the board is passed over. */
  #isFound(body: Uint8Array): boolean {
    const found = this.#found ?? []
    const at = found.findIndex((each) => Buffer.compare(each, body) === 0)
    if (at >= 0) found.splice(0, at + 1)
    return at >= 0
  }

  async #shape({ extent, palette, background, timeMs }: BoardShape): Promise<void> {
    const { boards } = this.#services
    if (!boards.has(this.#name)) {
      const board = { id: this.#name, extent, palette, background, rules: CLOSED_RULES }
      await boards.create(board, timeMs)
      return
    }
    const host = boards.get(this.#name)
    const { info } = host.canvas
    if (info.background !== background) {
      throw new SpateError('conflict', 'the source is another board now: capture it under another name')
    }
    const isResized = JSON.stringify(sides(info.extent)) !== JSON.stringify(sides(extent))
    if (isResized) await host.append([{ type: RecordType.resized, body: { extent } }])
    if (JSON.stringify(info.palette) !== JSON.stringify(palette)) {
      await host.append([{ type: RecordType.repainted, body: { palette } }])
    }
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

function sides({ left, top, width, height }: BoardShape['extent']): number[] {
  return [left, top, width, height]
}

function countOf({ record }: TimedRecord): number {
  return record.type === RecordType.painted ? record.body.count : 0
}

function timeOf(step: Step): number {
  return step.kind === 'append' ? step.timed.timeMs : step.kind === 'shape' ? step.shape.timeMs : 0
}
