/**
 * WebSockets as cheap as a load generator needs them: a handshake, then frames of the server's found in the
 * bytes as they arrive, without a copy unless one is cut in two; and frames of our own built beforehand.
 */
import { connect, type Socket } from 'node:net'

/** One for all sockets of the process: its bytes are valid during the callback only. */
const received = Buffer.allocUnsafe(1 << 20)

const HEAD_END = Buffer.from('\r\n\r\n')

/** A frame's payload lies in [from, to) of `bytes`; valid during the call only. */
export type Frames = (bytes: Buffer, from: number, to: number) => void

/** Resolves when connected, with what `take` gets from then on. */
export function connectRaw(port: number, take: (bytes: Buffer, length: number) => void): Promise<Socket> {
  const done = Promise.withResolvers<Socket>()
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: received,
      callback: (length) => {
        take(received, length)
        return true
      },
    },
  })
  socket.once('connect', () => done.resolve(socket))
  socket.once('error', done.reject)
  return done.promise
}

/** Resolves when the server has switched protocols. */
export async function connectLive(
  port: number,
  path: string,
  cookie: string | undefined,
  frames: Frames,
): Promise<Socket> {
  const open = Promise.withResolvers<void>()
  let isOpen = false
  let rest: Buffer | undefined
  const socket = await connectRaw(port, (chunk, length) => {
    let bytes = chunk
    let end = length
    if (rest !== undefined) {
      bytes = Buffer.concat([rest, chunk.subarray(0, length)])
      end = bytes.length
      rest = undefined
    }
    let at = 0
    if (!isOpen) {
      const head = bytes.subarray(0, end).indexOf(HEAD_END)
      if (head < 0) {
        rest = Buffer.from(bytes.subarray(0, end))
        return
      }
      if (!bytes.subarray(0, 13).equals(Buffer.from('HTTP/1.1 101 '))) {
        open.reject(new Error(`no socket: ${bytes.subarray(0, end).toString('latin1')}`))
        return
      }
      isOpen = true
      open.resolve()
      at = head + HEAD_END.length
    }
    at = eachFrame(bytes, at, end, frames)
    if (at < end) rest = Buffer.from(bytes.subarray(at, end))
  })
  socket.once('close', () => open.reject(new Error('closed before the handshake')))
  socket.on('error', () => socket.destroy())
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
      `${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`,
  )
  await open.promise
  return socket
}

/** Returns where the first incomplete frame begins. */
function eachFrame(bytes: Buffer, start: number, end: number, frames: Frames): number {
  let at = start
  while (end - at >= 2) {
    let length = (bytes[at + 1] ?? 0) & 0x7f
    let payload = at + 2
    if (length === 126) {
      if (end - at < 4) break
      length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
      payload = at + 4
    } else if (length === 127) {
      if (end - at < 10) break
      length = bytes.readUInt32BE(at + 6)
      payload = at + 10
    }
    if (payload + length > end) break
    frames(bytes, payload, payload + length)
    at = payload + length
  }
  return at
}

/** A client's binary frame with a mask of zeros: valid, as costly to unmask as any, and its payload stays patchable. */
export function maskedFrame(payload: Uint8Array): { bytes: Buffer; payloadAt: number } {
  const { length } = payload
  const payloadAt = length < 126 ? 6 : 8
  if (length > 0xffff) throw new Error('no bench sends such a frame')
  const bytes = Buffer.alloc(payloadAt + length)
  bytes[0] = 0x82
  if (length < 126) {
    bytes[1] = 0x80 | length
  } else {
    bytes[1] = 0x80 | 126
    bytes.writeUInt16BE(length, 2)
  }
  bytes.set(payload, payloadAt)
  return { bytes, payloadAt }
}
