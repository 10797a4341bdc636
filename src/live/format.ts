import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { ChunkEdits } from './protocol.ts'

/** What a room sends, in whatever form a transport speaks. The bytes carry the transport's own framing. */
export interface Format {
  /** Part of the key by which equal frames are encoded once: forms of one name differ in `resync` alone. */
  readonly name: string
  edits(position: number, groups: readonly ChunkEdits[], board: BoardInfo): Uint8Array
  /** Only for one player; undefined where the form has no word for it. */
  hidden(position: number, groups: readonly ChunkEdits[], board: BoardInfo): Uint8Array | undefined
  /** The viewer has missed changes in these chunks and must fetch them at `position` or later. */
  resync(position: number, chunks: readonly number[]): Uint8Array
  /** Answers a subscription: as of `position`, these chunks are the viewer's to fetch. */
  subscribed(request: number, position: number, chunks: readonly number[]): Uint8Array | undefined
  /** Whether the viewer starts again after a resync instead of going on. */
  readonly endsAtResync: boolean
  board(position: number, board: BoardInfo): Uint8Array | undefined
  heartbeat(position: number, timeMs: number): Uint8Array | undefined
}

/** Where a viewer's bytes go. */
export interface Sink {
  write(bytes: Uint8Array): void
  /** Bytes accepted by `write` that the system has not taken yet. */
  bufferedBytes(): number
  /** Ends the connection, saying why. */
  close(reason: string): void
}
