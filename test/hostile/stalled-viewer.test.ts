import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { Api } from '../../src/client/api.ts'
import type { OpenSocket, SocketLike } from '../../src/client/live-socket.ts'
import { MAX_BUFFERED_BYTES } from '../../src/live/viewer.ts'
import { gauge } from '../support/metrics.ts'
import { ServerProcess } from '../support/server.ts'
import { Viewer } from '../support/viewer.ts'

const BOARD = 'wall'
const SIDE = 512
const STALLED = 4
/** A frame of 48 KB: the most that is sent as one. */
const CELLS_A_FRAME = 16_000
/** The kernel of either side takes several MB before the server has to hold anything. */
const MOST_FRAMES = 1000
const FRAMES_WHILE_FULL = 10

/** Opens sockets that can be told to stop reading. */
function pausable(sockets: WebSocket[]): OpenSocket {
  return (url, protocol) => {
    const socket = new WebSocket(url, protocol)
    sockets.push(socket)
    // ws has all that the client needs; its event types are its own.
    return socket as unknown as SocketLike
  }
}

test('[V5] [V6] viewers that stop reading cost a bounded buffer, hold up nobody, and are caught up when they read again', async (t) => {
  const server = await ServerProcess.start(t)
  const api = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  await api.request('POST', '/api/boards', { id: BOARD, width: SIDE, height: SIDE })
  const sockets: WebSocket[] = []
  const stalled = await Promise.all(
    Array.from({ length: STALLED }, () => Viewer.watch(t, server.url, BOARD, pausable(sockets))),
  )
  const reader = await Viewer.watch(t, server.url, BOARD)
  for (const socket of sockets) socket.pause()

  /** Repaints a part of the board and waits until it is seen. */
  const repaint = async (frame: number): Promise<void> => {
    const cells = Array.from({ length: CELLS_A_FRAME }, (_, i) => (frame * CELLS_A_FRAME + i) % (SIDE * SIDE))
    const { position } = await api.json<{ position: number }>('POST', `/api/boards/${BOARD}/painted`, {
      x: cells.map((cell) => cell % SIDE),
      y: cells.map((cell) => Math.floor(cell / SIDE)),
      color: cells.map((cell) => (cell + frame) % 16),
    })
    await reader.reached(position)
  }

  let frames = 0
  let mostHeldBytes = 0
  let framesSinceFull = 0
  while (framesSinceFull < FRAMES_WHILE_FULL && frames < MOST_FRAMES) {
    await repaint(frames++)
    mostHeldBytes = Math.max(mostHeldBytes, await gauge(server.url, 'spate_viewer_held_bytes_max', BOARD))
    if ((await gauge(server.url, 'spate_viewers_behind', BOARD)) > 0) framesSinceFull += 1
  }
  assert.ok((await gauge(server.url, 'spate_frames_skipped', BOARD)) > 0)
  t.diagnostic(
    `after ${frames} frames of ${CELLS_A_FRAME} cells the server held ${mostHeldBytes} bytes at most`,
  )
  assert.ok(mostHeldBytes > 0)
  assert.ok(mostHeldBytes <= MAX_BUFFERED_BYTES, `${mostHeldBytes} bytes held for one viewer`)

  for (const socket of sockets) socket.resume()
  const digest = await api.digest(BOARD)
  for (const viewer of [...stalled, reader]) {
    await viewer.reached(digest.position)
    assert.equal(viewer.colors, digest.colors)
    assert.equal(viewer.connection.reconnects, 0)
  }
  assert.equal(await gauge(server.url, 'spate_viewers_behind', BOARD), 0)
})
