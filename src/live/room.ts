import type { Clock } from '../base/clock.ts'
import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { Changes } from '../boards/canvas/changes.ts'
import type { BoardHost } from '../boards/host.ts'
import { bothWatch, type ChunkSet, eachWatched, watches } from './chunk-set.ts'
import type { Sink } from './format.ts'
import { Groups } from './groups.ts'
import { Missed } from './missed.ts'
import { OwnCells } from './own-cells.ts'
import type { ChunkEdits } from './protocol.ts'
import { RecentChanges } from './recent.ts'
import { editsFrame, SharedFrames } from './shared-frames.ts'
import { MAX_TICK_MS, MIN_TICK_MS, tickIntervalMs } from './tick.ts'
import { MAX_FRAMES_BYTES, Viewer, type ViewerOptions } from './viewer.ts'

const HEARTBEAT_MS = 15_000
/** A viewer that said nothing for so long is gone. */
export const SILENCE_MS = 45_000

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
  readonly #missed: Missed
  readonly #frames: SharedFrames
  readonly #groups = new Groups()
  readonly #own: OwnCells
  readonly #behind = new Set<Viewer>()
  /** Everything up to here has been ticked out. */
  #sent: number
  #boardChanged = false
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
    this.#missed = new Missed(host, this.#recent)
    this.#frames = new SharedFrames(host)
    this.#own = new OwnCells(host)
    this.#unlisten = host.listen((position, changes, infoChanged) => {
      this.#onFold(position, changes, infoChanged)
    })
    this.#armHeartbeat()
  }

  get stats(): RoomStats {
    let mostHeldBytes = 0
    for (const { sink } of this.#groups.viewers.keys())
      mostHeldBytes = Math.max(mostHeldBytes, sink.bufferedBytes())
    return {
      viewers: this.#groups.viewers.size,
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
    this.#groups.enter(viewer, options.chunks)
    this.#own.enter(viewer)
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
    const before = owed === undefined ? this.#groups.chunksOf(viewer) : owed.known
    this.#groups.exit(viewer)
    this.#groups.enter(viewer, chunks)
    viewer.owed = { request, known: bothWatch(before, chunks) }
    void this.#catchUp(viewer)
  }

  /** The log has come to know who this is. */
  identify(viewer: Viewer, player: number): void {
    if (viewer.player === player || viewer.left) return
    viewer.player = player
    this.#own.enter(viewer)
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
    this.#groups.exit(viewer)
    this.#behind.delete(viewer)
    this.#own.exit(viewer)
  }

  #onFold(position: number, changes: Changes, infoChanged: boolean): void {
    this.#recent.push(position, changes)
    this.#boardChanged ||= infoChanged
    for (const hidden of changes.hidden) this.#own.changed(hidden)
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
    if (this.#boardChanged) this.#sendBoard()
    const edits = this.#missed.fromMemory(from)
    if (edits === undefined) for (const viewer of this.#groups.viewers.keys()) this.#fallBehind(viewer)
    else this.#sendEdits(from, position, edits, info)
    for (const viewer of this.#own.takeWaiting()) {
      if (!viewer.behind && !this.#sendHidden(viewer)) this.#fallBehind(viewer)
    }
    this.#catchUpDrained()
    const endMs = this.#clock.elapsedMs()
    this.#lastTickMs = startMs
    this.#intervalMs = tickIntervalMs(this.#intervalMs, endMs - startMs)
  }

  #sendEdits(from: number, position: number, edits: readonly ChunkEdits[], info: BoardInfo): void {
    for (const { format, chunks, viewers } of this.#groups.all()) {
      const seen = chunks === null ? edits : edits.filter(({ chunk }) => chunks.has(chunk))
      if (seen.length === 0) {
        for (const viewer of viewers) if (!viewer.behind) viewer.position = position
        continue
      }
      const bytes = editsFrame(format, position, seen, info)
      const resync = bytes === undefined
      for (const viewer of viewers) {
        if (viewer.behind) continue
        if (resync) this.#fallBehind(viewer)
        else if (this.#write(viewer, bytes)) {
          // The frame begins before what a viewer had that came between two ticks: it may cover hidden cells.
          if (viewer.position > from) this.#own.tellAgain(viewer)
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
    const edits = this.#missed.fromMemory(viewer.position)
    if (edits === undefined) {
      if (!this.#resync(viewer)) return
    } else {
      if (!this.#sendGroups(viewer, position, edits)) return
      if (edits.length > 0) this.#fromMemory += 1
    }
    if (viewer.owed !== undefined) this.#own.tellAgain(viewer)
    if (viewer.hidden.size > 0 && !this.#sendHidden(viewer)) return
    if (viewer.owed !== undefined && !this.#sendSubscribed(viewer, viewer.owed)) return
    viewer.behind = false
    this.#behind.delete(viewer)
  }

  #sendSubscribed(viewer: Viewer, { request, known }: NonNullable<Viewer['owed']>): boolean {
    const chunks = this.#groups.chunksOf(viewer)
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
    const chunks = this.#groups.chunksOf(viewer)
    const seen = chunks === null ? edits : edits.filter(({ chunk }) => chunks.has(chunk))
    if (seen.length > 0) {
      const bytes = editsFrame(viewer.format, position, seen, this.#host.canvas.info)
      if (bytes === undefined) return this.#resync(viewer)
      if (!this.#write(viewer, bytes)) return false
    }
    viewer.position = position
    return true
  }

  async #catchUpFromLog(viewer: Viewer): Promise<void> {
    const upTo = this.#host.canvas.position
    const edits = await this.#missed.fromLog(viewer.position, upTo)
    if (edits === undefined || viewer.left) return
    if (this.#sendGroups(viewer, upTo, edits) && edits.length > 0) this.#fromLog += 1
  }

  #resync(viewer: Viewer): boolean {
    const group = this.#groups.viewers.get(viewer)
    const bytes = group && this.#frames.resync(group, viewer.format, viewer.position)
    if (bytes !== undefined) {
      if (!this.#write(viewer, bytes)) return false
      this.#resyncs += 1
      this.#own.tellAgain(viewer)
      if (viewer.format.endsAtResync) viewer.sink.close('resync')
    }
    viewer.position = this.#host.canvas.position
    return true
  }

  #sendBoard(): void {
    this.#boardChanged = false
    for (const viewer of this.#groups.viewers.keys()) {
      viewer.missedBoard = true
      if (!viewer.behind) this.#sendBoardTo(viewer)
    }
  }

  #sendBoardTo(viewer: Viewer): boolean {
    const bytes = this.#frames.board(viewer.format, viewer.position)
    if (bytes !== undefined && !this.#write(viewer, bytes)) {
      this.#fallBehind(viewer)
      return false
    }
    viewer.missedBoard = false
    return true
  }

  /** The cells as the player sees them now, after the edits up to the same position. */
  #sendHidden(viewer: Viewer): boolean {
    const groups = this.#own.groupsOf(viewer, this.#groups.chunksOf(viewer))
    const bytes =
      groups.length > 0 ? viewer.format.hidden(viewer.position, groups, this.#host.canvas.info) : undefined
    if (bytes !== undefined && !this.#write(viewer, bytes)) return false
    viewer.hidden.clear()
    return true
  }

  #armHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#armHeartbeat()
      const silentSince = this.#clock.elapsedMs() - SILENCE_MS
      for (const viewer of this.#groups.viewers.keys()) {
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
    for (const viewer of [...this.#groups.viewers.keys()]) {
      viewer.sink.close('the server is stopping')
      this.leave(viewer)
    }
  }
}
