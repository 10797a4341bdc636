import type { TestContext } from 'node:test'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { wrap } from '../../src/boards/canvas/geometry.ts'
import type { CanvasRecord, Created } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { BoardHost, boardStream } from '../../src/boards/host.ts'
import type { Sink } from '../../src/live/format.ts'
import { decodeServerMessage, type ServerMessage } from '../../src/live/protocol.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Log } from '../../src/log/port.ts'
import { created, type Painting, type Placement, painted, placed } from './boards.ts'
import { ManualClock } from './clock.ts'
import { MemoryStore } from './memory-kv.ts'

/** One board on a log in memory, in a time that stands. */
export class LiveBoard {
  readonly clock: ManualClock
  readonly log: Log
  readonly host: BoardHost

  private constructor(clock: ManualClock, log: Log, host: BoardHost) {
    this.clock = clock
    this.log = log
    this.host = host
  }

  static async open(t: TestContext, part: Partial<Created> = {}): Promise<LiveBoard> {
    const clock = new ManualClock()
    const log = new MemoryLog(clock)
    const body = created(part)
    const record = { type: RecordType.created, body } as const
    await log.append(boardStream(body.id), [{ type: record.type, body: encodeBody(record) }])
    const host = await openHost(body.id, log, clock)
    t.after(() => host[Symbol.asyncDispose]())
    return new LiveBoard(clock, log, host)
  }

  /** Folded when it resolves; not yet ticked out. */
  async append(record: CanvasRecord): Promise<void> {
    await this.host.append([record])
  }

  place(...placements: readonly Placement[]): Promise<void> {
    return this.append({ type: RecordType.placed, body: placed(...placements) })
  }

  paint(...paintings: readonly Painting[]): Promise<void> {
    return this.append({ type: RecordType.painted, body: painted(...paintings) })
  }

  /** A square of one colour, from its top left. */
  async fill(left: number, top: number, side: number, color: number): Promise<void> {
    const timeMs = this.clock.now()
    const cells = Array.from(
      { length: side * side },
      (_, i) => [1, wrap(left + (i % side)), wrap(top + Math.floor(i / side)), color, timeMs] as const,
    )
    await this.paint(...cells)
  }
}

export function openHost(
  id: string,
  log: Log,
  clock: ManualClock,
  kv = new MemoryStore().asKv(),
): Promise<BoardHost> {
  return BoardHost.open(id, {
    log,
    kv,
    clock,
    // A store in memory fails only when a test tells it to.
    onSnapshotError: () => {},
    onStopped: () => {},
  })
}

/** Takes what is written until it is told to stall; then it holds all, as a connection does whose peer reads nothing. */
export class MemorySink implements Sink {
  readonly frames: Uint8Array[] = []
  #buffered = 0
  /** The most that was ever held. */
  mostBuffered = 0
  stalled = false
  closedFor: string | undefined

  write(bytes: Uint8Array): void {
    this.frames.push(bytes)
    if (!this.stalled) return
    this.#buffered += bytes.length
    this.mostBuffered = Math.max(this.mostBuffered, this.#buffered)
  }

  bufferedBytes(): number {
    return this.#buffered
  }

  close(reason: string): void {
    this.closedFor ??= reason
  }

  /** The peer reads again, all of it. */
  drain(): void {
    this.stalled = false
    this.#buffered = 0
  }

  /** What came since the last call, as a client decodes it. */
  take(): ServerMessage[] {
    return this.frames.splice(0).map((frame) => decodeServerMessage(payloadOf(frame)))
  }

  /** As {@link take}, for event streams. */
  takeText(): string {
    return this.frames
      .splice(0)
      .map((bytes) => new TextDecoder().decode(bytes))
      .join('')
  }
}

/** What a server's binary WebSocket frame carries. */
export function payloadOf(frame: Uint8Array): Uint8Array {
  const length = frame[1] ?? 0
  return new Uint8Array(frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10))
}
