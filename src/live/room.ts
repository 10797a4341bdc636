import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { Changes, HiddenChange } from '../boards/canvas/changes.ts'
import { eachCell } from '../boards/history.ts'
import type { BoardHost } from '../boards/host.ts'
import { positionOf } from '../log/port.ts'
import type { Format, Sink } from './format.ts'
import type { ChunkEdits } from './protocol.ts'
import { LastWrites, RecentChanges } from './recent.ts'
import { MIN_TICK_MS, tickIntervalMs } from './tick.ts'

/** A viewer never holds more than this in the server. */
export const MAX_BUFFERED_BYTES = 65_536
/** Cells in one frame; past that, fetching the chunks is cheaper. */
const MAX_FRAME_CELLS = 16_384
/** Changes read back from the log for one viewer before a resync is the better answer. */
const MAX_LOG_CHANGES = 65_536
const HEARTBEAT_MS = 15_000
/** A viewer that said nothing for so long is gone. */
export const SILENCE_MS = 45_000

interface Group {
  readonly format: Format
  /** null: every chunk. */
  readonly chunks: ReadonlySet<number> | null
  readonly viewers: Set<Viewer>
}

export interface ViewerOptions {
  readonly format: Format
  /** The position of what the viewer already shows. */
  readonly after: number
  readonly chunks: ReadonlySet<number> | null
  /** 0 for somebody the log does not know yet. */
  readonly player: number
  /** Whether silence means death: false where the transport has no way back. */
  readonly answersHeartbeats: boolean
}

export interface RoomStats {
  readonly viewers: number
  readonly behind: number
  readonly tickMs: number
  readonly framesSent: number
  readonly skips: number
  readonly resyncs: number
}

/** One connection's view of a board. */
export class Viewer {
  readonly sink: Sink
  readonly format: Format
  readonly answersHeartbeats: boolean
  player: number
  /** What the viewer was last sent reflects the board up to here. */
  position: number
  /** Set while frames are withheld: too much buffered, or a catch-up is under way. */
  behind = false
  catchingUp = false
  /** Set when board information was withheld with the frames. */
  missedBoard = false
  heardMs: number
  left = false

  constructor(sink: Sink, options: ViewerOptions, nowMs: number) {
    this.sink = sink
    this.format = options.format
    this.answersHeartbeats = options.answersHeartbeats
    this.player = options.player
    this.position = options.after
    this.heardMs = nowMs
  }
}

/**
 * Shows one board to any number of viewers.
 *
 * A tick coalesces what the fold accepted since the last one (the last write of a cell wins), encodes it
 * once for each group of viewers that watch the same chunks in the same format, and writes the same bytes
 * to all of them. A viewer that would hold more than 64 KiB is skipped; when it has drained it is caught up
 * from where it was: from memory, else from the log, else by a resync that names the chunks to fetch. So
 * every viewer either has every change up to its position, or was told what to fetch.
 */
export class Room {
  readonly #host: BoardHost
  readonly #clock: Clock
  readonly #recent: RecentChanges
  readonly #groups = new Map<string, Group>()
  readonly #groupOf = new Map<Viewer, Group>()
  readonly #behind = new Set<Viewer>()
  readonly #byPlayer = new Map<number, Set<Viewer>>()
  /** Everything up to here has been ticked out. */
  #sent: number
  #boardChanged = false
  #hidden: HiddenChange[] = []
  #intervalMs = MIN_TICK_MS
  #lastTickMs = Number.NEGATIVE_INFINITY
  #cancelTick: (() => void) | undefined
  #cancelHeartbeat: (() => void) | undefined
  readonly #unlisten: () => void
  #framesSent = 0
  #skips = 0
  #resyncs = 0

  constructor(host: BoardHost, clock: Clock) {
    this.#host = host
    this.#clock = clock
    this.#sent = host.canvas.position
    this.#recent = new RecentChanges(this.#sent)
    this.#unlisten = host.listen((position, changes, infoChanged) => {
      this.#onFold(position, changes, infoChanged)
    })
    this.#armHeartbeat()
  }

  get stats(): RoomStats {
    return {
      viewers: this.#groupOf.size,
      behind: this.#behind.size,
      tickMs: this.#intervalMs,
      framesSent: this.#framesSent,
      skips: this.#skips,
      resyncs: this.#resyncs,
    }
  }

  /** The viewer gets everything after `options.after`, then the live frames. */
  join(sink: Sink, options: ViewerOptions): Viewer {
    const viewer = new Viewer(sink, options, this.#clock.now())
    this.#enter(viewer, options.format, options.chunks)
    this.#index(viewer)
    const shadow = this.#host.canvas.shadows.cellsOf(viewer.player)
    if (shadow.length > 0) this.#sendHidden(viewer, shadow)
    if (viewer.position > this.#host.canvas.position) viewer.position = this.#host.canvas.position
    void this.#catchUp(viewer)
    return viewer
  }

  /**
   * From now on the viewer hears of these chunks. The answer is a resync that names those it did not watch
   * before and that hold anything: as of its position they are the viewer's to fetch.
   */
  subscribe(viewer: Viewer, chunks: ReadonlySet<number> | null): void {
    if (viewer.left) return
    const before = this.#groupOf.get(viewer)?.chunks ?? null
    this.#exit(viewer)
    this.#enter(viewer, viewer.format, chunks)
    const added: number[] = []
    this.#host.canvas.chunks.forEach((chunk, index) => {
      const now = chunks === null || chunks.has(index)
      if (chunk !== undefined && now && before !== null && !before.has(index)) added.push(index)
    })
    viewer.sink.write(viewer.format.resync(this.#host.canvas.position, added))
  }

  /** The log has come to know who this is. */
  identify(viewer: Viewer, player: number): void {
    if (viewer.player === player || viewer.left) return
    viewer.player = player
    this.#index(viewer)
  }

  heard(viewer: Viewer): void {
    viewer.heardMs = this.#clock.now()
  }

  /** The transport has room again. */
  drained(viewer: Viewer): void {
    if (viewer.behind && !viewer.left) void this.#catchUp(viewer)
  }

  leave(viewer: Viewer): void {
    viewer.left = true
    this.#exit(viewer)
    this.#behind.delete(viewer)
    const peers = this.#byPlayer.get(viewer.player)
    if (peers?.delete(viewer) && peers.size === 0) this.#byPlayer.delete(viewer.player)
  }

  #enter(viewer: Viewer, format: Format, chunks: ReadonlySet<number> | null): void {
    const key = `${format.name}:${chunks === null ? '*' : [...chunks].sort((a, b) => a - b).join(',')}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { format, chunks, viewers: new Set() }
      this.#groups.set(key, group)
    }
    group.viewers.add(viewer)
    this.#groupOf.set(viewer, group)
  }

  #exit(viewer: Viewer): void {
    const group = this.#groupOf.get(viewer)
    this.#groupOf.delete(viewer)
    if (group === undefined) return
    group.viewers.delete(viewer)
    if (group.viewers.size > 0) return
    for (const [key, other] of this.#groups) if (other === group) this.#groups.delete(key)
  }

  #index(viewer: Viewer): void {
    if (viewer.player === 0) return
    let peers = this.#byPlayer.get(viewer.player)
    if (peers === undefined) {
      peers = new Set()
      this.#byPlayer.set(viewer.player, peers)
    }
    peers.add(viewer)
  }

  #onFold(position: number, changes: Changes, infoChanged: boolean): void {
    this.#recent.push(position, changes)
    this.#boardChanged ||= infoChanged
    for (const hidden of changes.hidden) {
      if (this.#byPlayer.has(hidden.player)) this.#hidden.push(hidden)
    }
    if (this.#cancelTick !== undefined) return
    const dueMs = this.#lastTickMs + this.#intervalMs - this.#clock.elapsedMs()
    this.#cancelTick = this.#clock.after(Math.max(0, dueMs), () => this.#tick())
  }

  #tick(): void {
    this.#cancelTick = undefined
    const startMs = this.#clock.elapsedMs()
    const { position, info } = this.#host.canvas
    const from = this.#sent
    this.#sent = position
    if (this.#boardChanged) this.#sendBoard(position, info)
    const tooMany = !this.#recent.covers(from) || this.#recent.countAfter(from) > 4 * MAX_FRAME_CELLS
    if (tooMany) for (const viewer of this.#groupOf.keys()) this.#fallBehind(viewer)
    else this.#sendEdits(position, this.#recent.after(from), info)
    for (const hidden of this.#hidden) this.#sendHiddenToAll(hidden)
    this.#hidden = []
    for (const viewer of this.#behind) {
      if (viewer.sink.bufferedBytes() === 0) void this.#catchUp(viewer)
    }
    const endMs = this.#clock.elapsedMs()
    this.#lastTickMs = startMs
    this.#intervalMs = tickIntervalMs(this.#intervalMs, endMs - startMs)
  }

  #sendEdits(position: number, edits: readonly ChunkEdits[], info: BoardInfo): void {
    for (const { format, chunks, viewers } of this.#groups.values()) {
      const seen = chunks === null ? edits : edits.filter(({ chunk }) => chunks.has(chunk))
      if (seen.length === 0) {
        for (const viewer of viewers) if (!viewer.behind) viewer.position = position
        continue
      }
      const bytes = frameOf(format, position, seen, info)
      const resync = bytes === undefined
      for (const viewer of viewers) {
        if (viewer.behind) continue
        if (resync) this.#fallBehind(viewer)
        else if (this.#write(viewer, bytes)) viewer.position = position
        else this.#fallBehind(viewer)
      }
    }
  }

  /** False, and nothing written, when the viewer would hold too much. */
  #write(viewer: Viewer, bytes: Uint8Array): boolean {
    const buffered = viewer.sink.bufferedBytes()
    if (buffered > 0 && buffered + bytes.length > MAX_BUFFERED_BYTES) {
      this.#skips += 1
      return false
    }
    viewer.sink.write(bytes)
    this.#framesSent += 1
    return true
  }

  #fallBehind(viewer: Viewer): void {
    viewer.behind = true
    this.#behind.add(viewer)
  }

  /** Sends everything after the viewer's position: memory, then log, then a resync. */
  async #catchUp(viewer: Viewer): Promise<void> {
    if (viewer.catchingUp || viewer.left) return
    viewer.catchingUp = true
    viewer.behind = true
    this.#behind.add(viewer)
    try {
      if (!this.#recent.covers(viewer.position)) await this.#catchUpFromLog(viewer)
      if (!viewer.left) this.#catchUpFromMemory(viewer)
    } finally {
      viewer.catchingUp = false
    }
  }

  #catchUpFromMemory(viewer: Viewer): void {
    const { position, info } = this.#host.canvas
    if (viewer.missedBoard && !this.#sendBoardTo(viewer, position, info)) return
    if (
      !this.#recent.covers(viewer.position) ||
      this.#recent.countAfter(viewer.position) > 4 * MAX_FRAME_CELLS
    ) {
      if (!this.#resync(viewer)) return
    } else if (!this.#sendGroups(viewer, position, this.#recent.after(viewer.position))) return
    viewer.behind = false
    this.#behind.delete(viewer)
  }

  /** False when the viewer has no room yet. */
  #sendGroups(viewer: Viewer, position: number, edits: readonly ChunkEdits[]): boolean {
    const chunks = this.#groupOf.get(viewer)?.chunks ?? null
    const seen = chunks === null ? edits : edits.filter(({ chunk }) => chunks.has(chunk))
    if (seen.length > 0) {
      const bytes = frameOf(viewer.format, position, seen, this.#host.canvas.info)
      if (bytes === undefined) return this.#resync(viewer)
      if (!this.#write(viewer, bytes)) return false
    }
    viewer.position = position
    return true
  }

  async #catchUpFromLog(viewer: Viewer): Promise<void> {
    const upTo = this.#host.canvas.position
    const writes = new LastWrites()
    let changes = 0
    try {
      const after = positionOf(viewer.position)
      for await (const judged of this.#host.history.records(after, upTo)) {
        eachCell(judged, (x, y, { color }) => {
          changes += 1
          writes.add(x, y, color)
        })
        if (viewer.left || changes > MAX_LOG_CHANGES) return
      }
    } catch (error) {
      // A log that cannot be read now is no reason to leave the viewer without a picture: the resync is.
      if (error instanceof SpateError) return
      throw error
    }
    this.#sendGroups(viewer, upTo, writes.groups())
  }

  #resync(viewer: Viewer): boolean {
    const { canvas } = this.#host
    const chunks = this.#groupOf.get(viewer)?.chunks ?? null
    const stale: number[] = []
    canvas.chunks.forEach((chunk, index) => {
      if (chunk === undefined || chunk.changedAt <= viewer.position) return
      if (chunks === null || chunks.has(index)) stale.push(index)
    })
    if (stale.length > 0) {
      if (!this.#write(viewer, viewer.format.resync(canvas.position, stale))) return false
      this.#resyncs += 1
      if (viewer.format.endsAtResync) viewer.sink.close('resync')
    }
    viewer.position = canvas.position
    return true
  }

  #sendBoard(position: number, info: BoardInfo): void {
    this.#boardChanged = false
    for (const viewer of this.#groupOf.keys()) {
      viewer.missedBoard = true
      if (!viewer.behind) this.#sendBoardTo(viewer, position, info)
    }
  }

  #sendBoardTo(viewer: Viewer, position: number, info: BoardInfo): boolean {
    const bytes = viewer.format.board(position, info)
    if (bytes !== undefined && !this.#write(viewer, bytes)) {
      this.#fallBehind(viewer)
      return false
    }
    viewer.missedBoard = false
    return true
  }

  #sendHiddenToAll(hidden: HiddenChange): void {
    for (const viewer of this.#byPlayer.get(hidden.player) ?? []) this.#sendHidden(viewer, [hidden])
  }

  #sendHidden(viewer: Viewer, cells: readonly { x: number; y: number; color: number }[]): void {
    const writes = new LastWrites()
    for (const { x, y, color } of cells) writes.add(x, y, color)
    const bytes = viewer.format.hidden(viewer.position, writes.groups(), this.#host.canvas.info)
    if (bytes !== undefined) this.#write(viewer, bytes)
  }

  #armHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#armHeartbeat()
      const silentSince = this.#clock.now() - SILENCE_MS
      for (const viewer of this.#groupOf.keys()) {
        if (viewer.answersHeartbeats && viewer.heardMs < silentSince) viewer.sink.close('silent for too long')
        else if (!viewer.behind) this.#sendHeartbeat(viewer)
      }
    })
  }

  #sendHeartbeat(viewer: Viewer): void {
    const bytes = viewer.format.heartbeat(viewer.position, this.#clock.now())
    if (bytes !== undefined) this.#write(viewer, bytes)
  }

  /** Stops ticking and closes every viewer. */
  [Symbol.dispose](): void {
    this.#unlisten()
    this.#cancelTick?.()
    this.#cancelHeartbeat?.()
    for (const viewer of [...this.#groupOf.keys()]) {
      viewer.sink.close('the server is stopping')
      this.leave(viewer)
    }
  }
}

/** Undefined when a frame would be larger than the chunks it is about. */
function frameOf(
  format: Format,
  position: number,
  edits: readonly ChunkEdits[],
  info: BoardInfo,
): Uint8Array | undefined {
  const cells = edits.reduce((sum, { count }) => sum + count, 0)
  return cells > MAX_FRAME_CELLS ? undefined : format.edits(position, edits, info)
}
