import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { Changes, HiddenChange } from '../boards/canvas/changes.ts'
import { chunkIndex } from '../boards/canvas/geometry.ts'
import { eachCell } from '../boards/history.ts'
import type { BoardHost } from '../boards/host.ts'
import { positionOf } from '../log/port.ts'
import { bothWatch, type ChunkSet, eachWatched, watches } from './chunk-set.ts'
import type { Format, Sink } from './format.ts'
import type { ChunkEdits } from './protocol.ts'
import { LastWrites, RecentChanges } from './recent.ts'
import { MAX_TICK_MS, MIN_TICK_MS, tickIntervalMs } from './tick.ts'
import { Viewer, type ViewerOptions } from './viewer.ts'

/** A viewer never holds more than this in the server. */
export const MAX_BUFFERED_BYTES = 65_536
/** What frames may take of it; the rest is for answers to what the viewer asks. */
export const MAX_FRAMES_BYTES = 61_440
/** Cells in one frame; past that, fetching the chunks is cheaper. */
const MAX_FRAME_CELLS = 16_384
/** Changes read back from the log for one viewer before a resync is the better answer. */
const MAX_LOG_CHANGES = 65_536
/** Cells of their own that a shadow-banned player's viewer may have waiting; the oldest go first. */
const MAX_HIDDEN_CELLS = 4096
const HEARTBEAT_MS = 15_000
/** A viewer that said nothing for so long is gone. */
export const SILENCE_MS = 45_000

interface Group {
  readonly format: Format
  readonly chunks: ChunkSet
  readonly viewers: Set<Viewer>
  /** The last resync that was encoded, for all who fell behind together. */
  resync: ResyncFrame | undefined
}

interface ResyncFrame {
  /** Of one viewer, or shared: forms of one name may differ in this alone. */
  readonly format: Format
  readonly after: number
  readonly position: number
  readonly bytes: Uint8Array | undefined
}

export interface RoomStats {
  readonly viewers: number
  readonly behind: number
  readonly tickMs: number
  readonly framesSent: number
  readonly skips: number
  /** Catch-ups that took something to send, by where it came from. */
  readonly fromMemory: number
  readonly fromLog: number
  readonly resyncs: number
  /** The most that is held for one viewer now. */
  readonly mostHeldBytes: number
}

/**
 * Shows one board to any number of viewers.
 *
 * A tick coalesces what the fold accepted since the last one (the last write of a cell wins), encodes it
 * once for each group of viewers that watch the same chunks in the same format, and writes the same bytes
 * to all of them. A viewer that would hold more than 64 KiB is skipped; when it has drained it is caught up
 * from where it was: from memory, else from the log, else by a resync that names the chunks to fetch. So
 * every viewer either has every change up to its position, or was told what to fetch: a connection that is
 * lost at any point resumes from the last position it was sent.
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
  /** Viewers that have hidden cells waiting for the tick. */
  readonly #hiding = new Set<Viewer>()
  readonly #boardFrames = new Map<
    string,
    { position: number; infoAt: number; bytes: Uint8Array | undefined }
  >()
  #missed:
    | { readonly after: number; readonly upTo: number; readonly edits: readonly ChunkEdits[] }
    | undefined
  #intervalMs = MIN_TICK_MS
  #lastTickMs = Number.NEGATIVE_INFINITY
  #cancelTick: (() => void) | undefined
  #cancelHeartbeat: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  readonly #unlisten: () => void
  #framesSent = 0
  #skips = 0
  #fromMemory = 0
  #fromLog = 0
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
    let mostHeldBytes = 0
    for (const { sink } of this.#groupOf.keys()) mostHeldBytes = Math.max(mostHeldBytes, sink.bufferedBytes())
    return {
      viewers: this.#groupOf.size,
      behind: this.#behind.size,
      tickMs: this.#intervalMs,
      framesSent: this.#framesSent,
      skips: this.#skips,
      fromMemory: this.#fromMemory,
      fromLog: this.#fromLog,
      resyncs: this.#resyncs,
      mostHeldBytes,
    }
  }

  /** The viewer gets everything after `options.after`, then the live frames. */
  join(sink: Sink, options: ViewerOptions): Viewer {
    const { position, infoAt } = this.#host.canvas
    const viewer = new Viewer(sink, options, infoAt, this.#clock.elapsedMs())
    this.#enter(viewer, options.format, options.chunks)
    this.#index(viewer)
    if (viewer.position > position) viewer.position = position
    void this.#catchUp(viewer)
    return viewer
  }

  /**
   * From now on the viewer hears of these chunks. The answer comes once the viewer has everything up to its
   * position, and names the chunks that it did not watch before and that hold anything: as of that position
   * they are the viewer's to fetch. Of several requests that wait for room, the last is answered, for all.
   */
  subscribe(viewer: Viewer, request: number, chunks: ChunkSet): void {
    if (viewer.left) return
    const { owed } = viewer
    const before = owed === undefined ? (this.#groupOf.get(viewer)?.chunks ?? null) : owed.known
    this.#exit(viewer)
    this.#enter(viewer, viewer.format, chunks)
    viewer.owed = { request, known: bothWatch(before, chunks) }
    void this.#catchUp(viewer)
  }

  /** The log has come to know who this is. */
  identify(viewer: Viewer, player: number): void {
    if (viewer.player === player || viewer.left) return
    viewer.player = player
    this.#index(viewer)
    if (viewer.hidden.size > 0) void this.#catchUp(viewer)
  }

  heard(viewer: Viewer): void {
    viewer.heardMs = this.#clock.elapsedMs()
  }

  /** The transport has room again. */
  drained(viewer: Viewer): void {
    if (viewer.behind && !viewer.left) void this.#catchUp(viewer)
  }

  leave(viewer: Viewer): void {
    viewer.left = true
    this.#exit(viewer)
    this.#behind.delete(viewer)
    this.#hiding.delete(viewer)
    const peers = this.#byPlayer.get(viewer.player)
    if (peers?.delete(viewer) && peers.size === 0) this.#byPlayer.delete(viewer.player)
  }

  #enter(viewer: Viewer, format: Format, chunks: ChunkSet): void {
    const key = `${format.name}:${chunks === null ? '*' : [...chunks].sort((a, b) => a - b).join(',')}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { format, chunks, viewers: new Set(), resync: undefined }
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
    this.#tellHiddenAgain(viewer)
  }

  #onFold(position: number, changes: Changes, infoChanged: boolean): void {
    this.#recent.push(position, changes)
    this.#boardChanged ||= infoChanged
    for (const hidden of changes.hidden) this.#hide(hidden)
    if (this.#cancelTick !== undefined) return
    const dueMs = this.#lastTickMs + this.#intervalMs - this.#clock.elapsedMs()
    this.#cancelTick = this.#clock.after(Math.max(0, dueMs), () => this.#tick())
  }

  #hide({ player, x, y }: HiddenChange): void {
    for (const viewer of this.#byPlayer.get(player) ?? []) {
      addBounded(viewer.hidden, keyOf(x, y))
      this.#hiding.add(viewer)
    }
  }

  #tick(): void {
    this.#cancelTick = undefined
    const startMs = this.#clock.elapsedMs()
    const { position, info } = this.#host.canvas
    const from = this.#sent
    this.#sent = position
    if (this.#boardChanged) this.#sendBoard()
    const tooMany = !this.#recent.covers(from) || this.#recent.countAfter(from) > 4 * MAX_FRAME_CELLS
    if (tooMany) for (const viewer of this.#groupOf.keys()) this.#fallBehind(viewer)
    else this.#sendEdits(from, position, this.#recent.after(from), info)
    for (const viewer of this.#hiding) {
      if (!viewer.behind && !this.#sendHidden(viewer)) this.#fallBehind(viewer)
    }
    this.#hiding.clear()
    this.#catchUpDrained()
    const endMs = this.#clock.elapsedMs()
    this.#lastTickMs = startMs
    this.#intervalMs = tickIntervalMs(this.#intervalMs, endMs - startMs)
  }

  #sendEdits(from: number, position: number, edits: readonly ChunkEdits[], info: BoardInfo): void {
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
        else if (this.#write(viewer, bytes)) {
          // The frame begins before what a viewer had that came between two ticks: it may cover hidden cells.
          if (viewer.position > from) this.#tellHiddenAgain(viewer)
          viewer.position = position
        } else this.#fallBehind(viewer)
      }
    }
  }

  /** False, and nothing written, when the viewer would hold too much. */
  #write(viewer: Viewer, bytes: Uint8Array): boolean {
    const buffered = viewer.sink.bufferedBytes()
    if (buffered > 0 && buffered + bytes.length > MAX_FRAMES_BYTES) {
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
    this.#armRetry()
  }

  #catchUpDrained(): void {
    for (const viewer of this.#behind) {
      if (viewer.sink.bufferedBytes() === 0) void this.#catchUp(viewer)
    }
  }

  /** Looks again even when nothing happens on the board: a transport that was not quite full never drains. */
  #armRetry(): void {
    if (this.#cancelRetry !== undefined || this.#behind.size === 0) return
    this.#cancelRetry = this.#clock.after(MAX_TICK_MS, () => {
      this.#cancelRetry = undefined
      this.#catchUpDrained()
      this.#armRetry()
    })
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
      this.#armRetry()
    }
  }

  #catchUpFromMemory(viewer: Viewer): void {
    const { position } = this.#host.canvas
    if (viewer.missedBoard && !this.#sendBoardTo(viewer)) return
    if (
      !this.#recent.covers(viewer.position) ||
      this.#recent.countAfter(viewer.position) > 4 * MAX_FRAME_CELLS
    ) {
      if (!this.#resync(viewer)) return
    } else {
      const edits = this.#editsAfter(viewer.position)
      if (!this.#sendGroups(viewer, position, edits)) return
      if (edits.length > 0) this.#fromMemory += 1
    }
    if (viewer.owed !== undefined) this.#tellHiddenAgain(viewer)
    if (viewer.hidden.size > 0 && !this.#sendHidden(viewer)) return
    if (viewer.owed !== undefined && !this.#sendSubscribed(viewer, viewer.owed)) return
    viewer.behind = false
    this.#behind.delete(viewer)
  }

  /** Most who are behind are so from the same position: what they missed is put together once. */
  #editsAfter(position: number): readonly ChunkEdits[] {
    const upTo = this.#host.canvas.position
    if (this.#missed?.after !== position || this.#missed.upTo !== upTo) {
      this.#missed = { after: position, upTo, edits: this.#recent.after(position) }
    }
    return this.#missed.edits
  }

  #sendSubscribed(viewer: Viewer, { request, known }: NonNullable<Viewer['owed']>): boolean {
    const chunks = this.#groupOf.get(viewer)?.chunks ?? null
    const added: number[] = []
    eachWatched(this.#host.canvas.chunks, chunks, (_chunk, index) => {
      if (!watches(known, index)) added.push(index)
    })
    const bytes = viewer.format.subscribed(request, viewer.position, added)
    if (bytes !== undefined && !this.#write(viewer, bytes)) return false
    viewer.owed = undefined
    return true
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
        if (changes > MAX_LOG_CHANGES) return
      }
    } catch (error) {
      // A log that cannot be read now is no reason to leave the viewer without a picture: the resync is.
      if (error instanceof SpateError) return
      throw error
    }
    if (viewer.left) return
    if (this.#sendGroups(viewer, upTo, writes.groups()) && changes > 0) this.#fromLog += 1
  }

  #resync(viewer: Viewer): boolean {
    const bytes = this.#resyncFrame(viewer)
    if (bytes !== undefined) {
      if (!this.#write(viewer, bytes)) return false
      this.#resyncs += 1
      this.#tellHiddenAgain(viewer)
      if (viewer.format.endsAtResync) viewer.sink.close('resync')
    }
    viewer.position = this.#host.canvas.position
    return true
  }

  /** Undefined when nothing that the viewer watches has changed. */
  #resyncFrame(viewer: Viewer): Uint8Array | undefined {
    const { position, chunks } = this.#host.canvas
    const group = this.#groupOf.get(viewer)
    const after = viewer.position
    if (group === undefined) return undefined
    const { format } = viewer
    const known = group.resync
    if (known?.format === format && known.after === after && known.position === position) return known.bytes
    const stale: number[] = []
    eachWatched(chunks, group.chunks, ({ changedAt }, index) => {
      if (changedAt > after) stale.push(index)
    })
    const bytes = stale.length === 0 ? undefined : format.resync(position, stale)
    group.resync = { format, after, position, bytes }
    return bytes
  }

  #sendBoard(): void {
    this.#boardChanged = false
    for (const viewer of this.#groupOf.keys()) {
      viewer.missedBoard = true
      if (!viewer.behind) this.#sendBoardTo(viewer)
    }
  }

  /** Under the position that the viewer has: the edits that come with the news are still to be sent. */
  #boardFrame(format: Format, position: number): Uint8Array | undefined {
    const { info, infoAt } = this.#host.canvas
    const known = this.#boardFrames.get(format.name)
    if (known?.position === position && known.infoAt === infoAt) return known.bytes
    const bytes = format.board(position, info)
    this.#boardFrames.set(format.name, { position, infoAt, bytes })
    return bytes
  }

  #sendBoardTo(viewer: Viewer): boolean {
    const bytes = this.#boardFrame(viewer.format, viewer.position)
    if (bytes !== undefined && !this.#write(viewer, bytes)) {
      this.#fallBehind(viewer)
      return false
    }
    viewer.missedBoard = false
    return true
  }

  /** The cells as the player sees them now, after the edits up to the same position. */
  #sendHidden(viewer: Viewer): boolean {
    const { canvas } = this.#host
    const chunks = this.#groupOf.get(viewer)?.chunks ?? null
    const writes = new LastWrites()
    for (const key of viewer.hidden) {
      const x = key % 65_536
      const y = Math.floor(key / 65_536)
      if (!watches(chunks, chunkIndex(x, y))) continue
      writes.add(x, y, canvas.shadows.colorAt(viewer.player, x, y) ?? canvas.cellAt(x, y).color)
    }
    const groups = writes.groups()
    const bytes = groups.length > 0 ? viewer.format.hidden(viewer.position, groups, canvas.info) : undefined
    if (bytes !== undefined && !this.#write(viewer, bytes)) return false
    viewer.hidden.clear()
    return true
  }

  /** After what makes a client take hidden cells for covered, or forget them. */
  #tellHiddenAgain(viewer: Viewer): void {
    for (const { x, y } of this.#host.canvas.shadows.cellsOf(viewer.player)) {
      addBounded(viewer.hidden, keyOf(x, y))
    }
    if (viewer.hidden.size > 0) this.#hiding.add(viewer)
  }

  #armHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#armHeartbeat()
      const silentSince = this.#clock.elapsedMs() - SILENCE_MS
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
    this.#cancelRetry?.()
    for (const viewer of [...this.#groupOf.keys()]) {
      viewer.sink.close('the server is stopping')
      this.leave(viewer)
    }
  }
}

function keyOf(x: number, y: number): number {
  return y * 65_536 + x
}

function addBounded(cells: Set<number>, key: number): void {
  cells.add(key)
  if (cells.size <= MAX_HIDDEN_CELLS) return
  for (const oldest of cells) {
    cells.delete(oldest)
    return
  }
}

/** Undefined when a frame would be larger than a viewer may hold, or than the chunks it is about. */
function frameOf(
  format: Format,
  position: number,
  edits: readonly ChunkEdits[],
  info: BoardInfo,
): Uint8Array | undefined {
  const cells = edits.reduce((sum, { count }) => sum + count, 0)
  if (cells > MAX_FRAME_CELLS) return undefined
  const bytes = format.edits(position, edits, info)
  return bytes.length > MAX_FRAMES_BYTES ? undefined : bytes
}
