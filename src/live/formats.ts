import type { BoardInfo } from '../boards/canvas/canvas.ts'
import { chunkOrigin, unwrap } from '../boards/canvas/geometry.ts'
import type { Format } from './format.ts'
import { type ChunkEdits, encodeServerMessage, type ServerMessage } from './protocol.ts'
import { binaryFrame } from './websocket-frame.ts'

const text = new TextEncoder()

function frame(message: ServerMessage): Uint8Array {
  return binaryFrame(encodeServerMessage(message))
}

/** What clients are told of a board. */
export function boardJson(info: BoardInfo): string {
  return JSON.stringify(info)
}

/** The binary live protocol, framed for a WebSocket. */
export const binaryFormat: Format = {
  name: 'binary',
  endsAtResync: false,
  edits: (position, groups) => frame({ type: 'edits', position, groups }),
  hidden: (position, groups) => frame({ type: 'hidden', position, groups }),
  resync: (position, chunks) => frame({ type: 'resync', position, chunks: Uint16Array.from(chunks) }),
  subscribed: (request, position, chunks) =>
    frame({ type: 'subscribed', request, position, chunks: Uint16Array.from(chunks) }),
  board: (position, info) => frame({ type: 'board', position, board: boardJson(info) }),
  heartbeat: (position, timeMs) => frame({ type: 'heartbeat', position, timeMs }),
}

/** Signed cells, as people write them: [x, y, colour]. */
function editsJson(groups: readonly ChunkEdits[], { extent }: BoardInfo): string {
  const edits: string[] = []
  for (const { chunk, count, cells, colors } of groups) {
    const origin = chunkOrigin(chunk)
    for (let i = 0; i < count; i++) {
      const cell = cells[i] ?? 0
      const x = unwrap(origin.x | (cell & 0xff), extent.left)
      const y = unwrap(origin.y | (cell >>> 8), extent.top)
      edits.push(`[${x},${y},${colors[i] ?? 0}]`)
    }
  }
  return `{"edits":[${edits.join(',')}]}`
}

function event(name: string | undefined, id: number, data: string): Uint8Array {
  return text.encode(`${name === undefined ? '' : `event: ${name}\n`}id: ${id}\ndata: ${data}\n\n`)
}

/** Server-sent events; `id` is the position, so that a browser resumes by itself. */
export const eventStreamFormat: Format = {
  name: 'events',
  endsAtResync: false,
  edits: (position, groups, info) => event(undefined, position, editsJson(groups, info)),
  hidden: () => undefined,
  resync: (position, chunks) =>
    event('resync', position, JSON.stringify({ chunks: chunks.map((chunk) => [chunk & 0xff, chunk >>> 8]) })),
  subscribed: () => undefined,
  board: (position, info) => event('board', position, boardJson(info)),
  heartbeat: (position, timeMs) => text.encode(`: ${timeMs}\nid: ${position}\n\n`),
}
