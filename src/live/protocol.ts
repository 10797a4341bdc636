import { ByteReader, ByteWriter } from '../base/bytes.ts'

/**
 * The live protocol of a board, version 1 (PROTOCOL.md). Little-endian; the first byte is the type.
 * Positions and times are f64; coordinates are wrapped (the low 16 bits); text is a u32 length and UTF-8.
 *
 * Server to client:
 *
 *     1 hello      version u8 | position f64 | time f64, ms | next f64, ms | player u32 (0: none yet) | board text (JSON)
 *     2 edits      position f64 | groups u16 | per group: chunk u16 | count u16 | (cell u16 | colour u8) × count
 *     3 resync     position f64 | count u32 | chunk u16 × count
 *     4 judged     request u32 | position f64 | next f64, ms | count u16 | verdict u8 × count
 *     5 heartbeat  position f64 | time f64, ms
 *     6 board      position f64 | board text (JSON)
 *     7 refused    request u32 | problem text (JSON)
 *     8 hidden     as edits, for this player alone
 *     9 subscribed request u32 | position f64 | count u32 | chunk u16 × count
 *
 * Client to server:
 *
 *     1 edit       request u32 | (x u16 | y u16 | colour u8) × count
 *     2 subscribe  request u32 | count u32 | chunk u16 × count; no count at all: every chunk
 *     3 heartbeat
 *     4 undo       request u32
 */
export const PROTOCOL_VERSION = 1
export const SUBPROTOCOL = 'spate.v1'

/** Edits in one frame of a client; more is a malformed frame. */
export const MAX_EDITS_A_FRAME = 1024
/** Chunks in one subscription. */
export const MAX_SUBSCRIBED_CHUNKS = 4096
export const MAX_CLIENT_FRAME_BYTES = 9 + Math.max(MAX_EDITS_A_FRAME * 5, MAX_SUBSCRIBED_CHUNKS * 2)

const Server = {
  hello: 1,
  edits: 2,
  resync: 3,
  judged: 4,
  heartbeat: 5,
  board: 6,
  refused: 7,
  hidden: 8,
  subscribed: 9,
} as const
const Client = { edit: 1, subscribe: 2, heartbeat: 3, undo: 4 } as const

/** What happened to one chunk: cells by their number in it, each at most once. */
export interface ChunkEdits {
  readonly chunk: number
  readonly count: number
  readonly cells: Uint16Array
  readonly colors: Uint8Array
}

export type ServerMessage =
  | {
      readonly type: 'hello'
      readonly version: number
      readonly position: number
      readonly timeMs: number
      /** When the player may place next. */
      readonly nextMs: number
      readonly player: number
      readonly board: string
    }
  | { readonly type: 'edits' | 'hidden'; readonly position: number; readonly groups: readonly ChunkEdits[] }
  | { readonly type: 'resync'; readonly position: number; readonly chunks: Uint16Array }
  | {
      readonly type: 'judged'
      readonly request: number
      readonly position: number
      readonly nextMs: number
      readonly verdicts: Uint8Array
    }
  | { readonly type: 'heartbeat'; readonly position: number; readonly timeMs: number }
  | { readonly type: 'board'; readonly position: number; readonly board: string }
  | { readonly type: 'refused'; readonly request: number; readonly problem: string }
  | {
      readonly type: 'subscribed'
      readonly request: number
      readonly position: number
      readonly chunks: Uint16Array
    }

export interface WireEdit {
  /** Wrapped. */
  readonly x: number
  readonly y: number
  readonly color: number
}

export type ClientMessage =
  | { readonly type: 'edit'; readonly request: number; readonly edits: readonly WireEdit[] }
  /** null: every chunk. */
  | { readonly type: 'subscribe'; readonly request: number; readonly chunks: Uint16Array | null }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'undo'; readonly request: number }

export function encodeServerMessage(message: ServerMessage): Uint8Array<ArrayBuffer> {
  switch (message.type) {
    case 'hello':
      return new ByteWriter()
        .u8(Server.hello)
        .u8(message.version)
        .f64(message.position)
        .f64(message.timeMs)
        .f64(message.nextMs)
        .u32(message.player)
        .text(message.board)
        .finish()
    case 'edits':
    case 'hidden':
      return encodeEdits(Server[message.type], message.position, message.groups)
    case 'resync':
      return new ByteWriter(13 + message.chunks.length * 2)
        .u8(Server.resync)
        .f64(message.position)
        .u32(message.chunks.length)
        .column(message.chunks)
        .finish()
    case 'judged':
      return new ByteWriter(23 + message.verdicts.length)
        .u8(Server.judged)
        .u32(message.request)
        .f64(message.position)
        .f64(message.nextMs)
        .u16(message.verdicts.length)
        .bytes(message.verdicts)
        .finish()
    case 'heartbeat':
      return new ByteWriter(17).u8(Server.heartbeat).f64(message.position).f64(message.timeMs).finish()
    case 'board':
      return new ByteWriter().u8(Server.board).f64(message.position).text(message.board).finish()
    case 'refused':
      return new ByteWriter().u8(Server.refused).u32(message.request).text(message.problem).finish()
    case 'subscribed':
      return new ByteWriter(17 + message.chunks.length * 2)
        .u8(Server.subscribed)
        .u32(message.request)
        .f64(message.position)
        .u32(message.chunks.length)
        .column(message.chunks)
        .finish()
  }
}

function encodeEdits(type: number, position: number, groups: readonly ChunkEdits[]): Uint8Array<ArrayBuffer> {
  const cells = groups.reduce((sum, { count }) => sum + count, 0)
  const writer = new ByteWriter(11 + groups.length * 4 + cells * 3).u8(type).f64(position).u16(groups.length)
  for (const { chunk, count, cells, colors } of groups) {
    writer.u16(chunk).u16(count)
    for (let i = 0; i < count; i++) writer.u16(cells[i] ?? 0).u8(colors[i] ?? 0)
  }
  return writer.finish()
}

/** Throws a RangeError for bytes that are no message of this version. */
export function decodeServerMessage(bytes: Uint8Array): ServerMessage {
  return new ByteReader(bytes).whole(decodeServer)
}

function decodeServer(reader: ByteReader): ServerMessage {
  const type = reader.u8()
  switch (type) {
    case Server.hello:
      return {
        type: 'hello',
        version: reader.u8(),
        position: reader.f64(),
        timeMs: reader.f64(),
        nextMs: reader.f64(),
        player: reader.u32(),
        board: reader.text(),
      }
    case Server.edits:
      return { type: 'edits', position: reader.f64(), groups: decodeGroups(reader) }
    case Server.hidden:
      return { type: 'hidden', position: reader.f64(), groups: decodeGroups(reader) }
    case Server.resync:
      return { type: 'resync', position: reader.f64(), chunks: reader.u16s(reader.u32()) }
    case Server.judged:
      return {
        type: 'judged',
        request: reader.u32(),
        position: reader.f64(),
        nextMs: reader.f64(),
        verdicts: reader.bytes(reader.u16()),
      }
    case Server.heartbeat:
      return { type: 'heartbeat', position: reader.f64(), timeMs: reader.f64() }
    case Server.board:
      return { type: 'board', position: reader.f64(), board: reader.text() }
    case Server.refused:
      return { type: 'refused', request: reader.u32(), problem: reader.text() }
    case Server.subscribed:
      return {
        type: 'subscribed',
        request: reader.u32(),
        position: reader.f64(),
        chunks: reader.u16s(reader.u32()),
      }
    default:
      throw new RangeError(`unknown message ${type}`)
  }
}

function decodeGroups(reader: ByteReader): ChunkEdits[] {
  return Array.from({ length: reader.u16() }, () => {
    const chunk = reader.u16()
    const count = reader.u16()
    const packed = reader.bytes(count * 3)
    const cells = new Uint16Array(count)
    const colors = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      cells[i] = (packed[i * 3] ?? 0) | ((packed[i * 3 + 1] ?? 0) << 8)
      colors[i] = packed[i * 3 + 2] ?? 0
    }
    return { chunk, count, cells, colors }
  })
}

export function encodeClientMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  switch (message.type) {
    case 'edit': {
      const writer = new ByteWriter(5 + message.edits.length * 5).u8(Client.edit).u32(message.request)
      for (const { x, y, color } of message.edits) writer.u16(x).u16(y).u8(color)
      return writer.finish()
    }
    case 'subscribe': {
      const { request, chunks } = message
      const writer = new ByteWriter(9 + (chunks?.length ?? 0) * 2).u8(Client.subscribe).u32(request)
      return chunks === null ? writer.finish() : writer.u32(chunks.length).column(chunks).finish()
    }
    case 'heartbeat':
      return new ByteWriter(1).u8(Client.heartbeat).finish()
    case 'undo':
      return new ByteWriter(5).u8(Client.undo).u32(message.request).finish()
  }
}

/** Throws a RangeError for bytes that are no message of this version, or one over its limits. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  return new ByteReader(bytes).whole(decodeClient)
}

function decodeClient(reader: ByteReader): ClientMessage {
  const type = reader.u8()
  switch (type) {
    case Client.edit: {
      const request = reader.u32()
      const count = reader.remaining / 5
      if (count < 1 || count > MAX_EDITS_A_FRAME)
        throw new RangeError(`1 to ${MAX_EDITS_A_FRAME} edits a frame`)
      const edits: WireEdit[] = []
      for (let i = 0; i < count; i++) edits.push({ x: reader.u16(), y: reader.u16(), color: reader.u8() })
      return { type: 'edit', request, edits }
    }
    case Client.subscribe: {
      const request = reader.u32()
      if (reader.remaining === 0) return { type: 'subscribe', request, chunks: null }
      const count = reader.u32()
      if (count > MAX_SUBSCRIBED_CHUNKS) throw new RangeError(`at most ${MAX_SUBSCRIBED_CHUNKS} chunks`)
      return { type: 'subscribe', request, chunks: reader.u16s(count) }
    }
    case Client.heartbeat:
      return { type: 'heartbeat' }
    case Client.undo:
      return { type: 'undo', request: reader.u32() }
    default:
      throw new RangeError(`unknown message ${type}`)
  }
}
