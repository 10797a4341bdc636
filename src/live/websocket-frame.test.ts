import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { binaryFrame, textFrame } from './websocket-frame.ts'

/** What the other end of a WebSocket makes of bytes written to its connection. */
async function received(
  t: TestContext,
  frames: readonly Uint8Array[],
): Promise<{ data: Buffer; isBinary: boolean }[]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.after(() => server.close())
  await once(server, 'listening')
  server.on('connection', (_ws, { socket }) => {
    for (const frame of frames) socket.write(frame)
  })
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { maxPayload: 1 << 20 })
  t.after(() => client.terminate())
  const messages: { data: Buffer; isBinary: boolean }[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.on('error', reject)
  client.on('message', (data, isBinary) => {
    assert.ok(Buffer.isBuffer(data))
    messages.push({ data, isBinary })
    if (messages.length === frames.length) resolve()
  })
  await promise
  return messages
}

test('[V16] frames of every length of header are read by others as they were meant', async (t) => {
  const payloads = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000].map((length) =>
    Uint8Array.from({ length }, (_, i) => i * 7),
  )
  const messages = await received(t, payloads.map(binaryFrame))
  assert.deepEqual(
    messages,
    payloads.map((payload) => ({ data: Buffer.from(payload), isBinary: true })),
  )
})

test('[V16] a text frame is text', async (t) => {
  const messages = await received(t, ['reload', 'é'.repeat(100)].map(textFrame))
  assert.deepEqual(
    messages,
    ['reload', 'é'.repeat(100)].map((text) => ({ data: Buffer.from(text), isBinary: false })),
  )
})
