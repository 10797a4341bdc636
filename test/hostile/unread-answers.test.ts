import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { encodeClientMessage } from '../../src/live/protocol.ts'
import { MAX_BUFFERED_BYTES } from '../../src/live/viewer.ts'
import { gauge } from '../support/metrics.ts'
import { ServerProcess } from '../support/server.ts'
import { assertUnharmed } from './harm.ts'
import { rawConnection, upgradeRequest } from './raw-connection.ts'
import { clientFrame } from './raw-frames.ts'

const LIVE = '/api/boards/lobby/live'
const BLOCK_BYTES = 256 << 10
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

interface Flood {
  /** Makes the server answer. */
  readonly frame: Buffer
  readonly bytes: number
  /** Whether the connection is lost over it. */
  readonly isEnded: boolean
}

const noSuchColor = { x: 1, y: 1, color: 255 }
const chunks = Uint16Array.from({ length: 4096 }, (_, i) => i)
const FLOODS: Readonly<Record<string, Flood>> = {
  pings: { frame: clientFrame(9, new Uint8Array(125)), bytes: 64 << 20, isEnded: true },
  edits: {
    frame: clientFrame(2, encodeClientMessage({ type: 'edit', request: 1, edits: [noSuchColor] })),
    bytes: 64 << 20,
    isEnded: true,
  },
  // Only the last of those that wait is answered.
  subscriptions: {
    frame: clientFrame(2, encodeClientMessage({ type: 'subscribe', request: 1, chunks })),
    bytes: 8 << 20,
    isEnded: false,
  },
}

/** Sends until all is out or the server ends the connection; the most that it held for us meanwhile. */
async function flood(socket: Socket, url: string, { frame, bytes }: Flood): Promise<number> {
  const block = Buffer.concat(Array.from({ length: Math.ceil(BLOCK_BYTES / frame.length) }, () => frame))
  const closed = new AbortController()
  socket.on('close', () => closed.abort())
  let mostHeldBytes = 0
  for (let sent = 0; sent < bytes && !closed.signal.aborted; sent += block.length) {
    if (!socket.write(block)) await once(socket, 'drain', { signal: closed.signal }).catch(() => {})
    mostHeldBytes = Math.max(mostHeldBytes, await gauge(url, 'spate_viewer_held_bytes_max', 'lobby'))
  }
  return mostHeldBytes
}

test('[O7] clients that go on asking without reading the answers cost a bounded buffer', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  for (const [name, sending] of Object.entries(FLOODS)) {
    const socket = await rawConnection(server.url)
    t.after(() => socket.destroy())
    socket.pause()
    socket.write(upgradeRequest(LIVE))
    const mostHeldBytes = await flood(socket, server.url, sending)
    assert.ok(mostHeldBytes <= MAX_BUFFERED_BYTES, `${mostHeldBytes} bytes were held after ${name}`)
    assert.equal(socket.destroyed, sending.isEnded, `${name} end the connection`)
  }
  await assertUnharmed(server)
})
