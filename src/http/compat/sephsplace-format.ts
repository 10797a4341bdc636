import { chunkOrigin } from '../../boards/canvas/geometry.ts'
import type { Format } from '../../live/format.ts'
import { binaryFrame, PING_FRAME, textFrame } from '../../live/websocket-frame.ts'

/** What three bytes an edit can say. */
const SIDE = 1024
const COLORS = 16

export const RELOAD_FRAME = textFrame('reload')

/** Only a version. */
export function emptyFrame(position: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, position >>> 0, true)
  return binaryFrame(bytes)
}

/**
 * The frames of sephsplace: u32 little-endian version, then three bytes an edit: the low 8 bits of x; its
 * high 2 bits and the low 6 of y shifted left by 2; the high 4 bits of y and the colour in the high nibble.
 * What does not fit is left out: such a board is wider than this protocol.
 */
export const sephsplaceFormat: Format = {
  name: 'sephsplace',
  endsAtResync: true,
  edits(position, groups) {
    const count = groups.reduce((sum, group) => sum + group.count, 0)
    const bytes = new Uint8Array(4 + count * 3)
    new DataView(bytes.buffer).setUint32(0, position >>> 0, true)
    let at = 4
    for (const group of groups) {
      const origin = chunkOrigin(group.chunk)
      for (let i = 0; i < group.count; i++) {
        const cell = group.cells[i] ?? 0
        const x = origin.x | (cell & 0xff)
        const y = origin.y | (cell >>> 8)
        const color = group.colors[i] ?? 0
        if (x >= SIDE || y >= SIDE || color >= COLORS) continue
        bytes[at] = x & 0xff
        bytes[at + 1] = (x >>> 8) | ((y & 0x3f) << 2)
        bytes[at + 2] = (y >>> 6) | (color << 4)
        at += 3
      }
    }
    return binaryFrame(bytes.subarray(0, at))
  },
  hidden: () => undefined,
  resync: () => RELOAD_FRAME,
  subscribed: () => undefined,
  board: () => undefined,
  // It knows no heartbeat, but every WebSocket knows pings: they keep proxies from ending a quiet connection.
  heartbeat: () => PING_FRAME,
}
