import { WebSocket } from 'ws'
import { messageOf } from '../../base/errors.ts'

export interface SocketRequest {
  readonly url: string
  readonly subprotocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/** What is heard of a socket; nothing after `onEnd`, which comes once. */
export interface SocketEvents {
  /** @param subprotocol as the server chose it; empty for none */
  readonly onOpen: (subprotocol: string) => void
  readonly onMessage: (bytes: Uint8Array, isBinary: boolean) => void
  readonly onEnd: (end: SocketEnd) => void
}

export type SocketEnd =
  | { readonly kind: 'closed'; readonly code: number; readonly detail: string }
  /** The upgrade was answered with something else. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs: number }
  | { readonly kind: 'unreachable'; readonly detail: string }

export interface SourceSocket {
  send(text: string): void
  /** At once, without waiting for the other side. */
  end(): void
}

export type OpenSocket = (request: SocketRequest, events: SocketEvents) => SourceSocket

const MAX_MESSAGE_BYTES = 4 << 20

/** A socket of the `ws` package. A message above 4 MiB ends it. */
export function openSourceSocket(request: SocketRequest, events: SocketEvents): SourceSocket {
  const socket = new WebSocket(request.url, [...request.subprotocols], {
    headers: { ...request.headers },
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  })
  let isOpen = false
  let hasEnded = false
  let failure = ''
  const end = (how: SocketEnd): void => {
    if (hasEnded) return
    hasEnded = true
    events.onEnd(how)
  }
  socket.on('open', () => {
    isOpen = true
    events.onOpen(socket.protocol)
  })
  socket.on('message', (data: Buffer, isBinary) => {
    if (!hasEnded) events.onMessage(data, isBinary)
  })
  socket.on('unexpected-response', (_request, response) => {
    response.resume()
    const retryAfterS = Number(response.headers['retry-after'] ?? 0)
    const retryAfterMs = Number.isFinite(retryAfterS) ? retryAfterS * 1000 : 0
    end({ kind: 'refused', status: response.statusCode ?? 0, retryAfterMs })
    socket.terminate()
  })
  socket.on('error', (error) => {
    failure = messageOf(error)
  })
  socket.on('close', (code, reason) => {
    if (isOpen) end({ kind: 'closed', code, detail: failure || reason.toString() })
    else end({ kind: 'unreachable', detail: failure })
  })
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    end: () => {
      hasEnded = true
      socket.terminate()
    },
  }
}
