/**
 * One unmasked, unfragmented WebSocket frame from server to client (RFC 6455, section 5.2), so that the
 * same bytes can be written to thousands of sockets.
 */
const FINAL_BINARY = 0x82
const FINAL_TEXT = 0x81

/** Every peer answers it with a pong, without a word to its page. */
export const PING_FRAME: Uint8Array = Buffer.of(0x89, 0)

export function binaryFrame(payload: Uint8Array): Uint8Array {
  return framed(FINAL_BINARY, payload)
}

export function textFrame(payload: string): Uint8Array {
  return framed(FINAL_TEXT, new TextEncoder().encode(payload))
}

function framed(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  // A Buffer: a socket would make one of any other bytes, each time it writes them.
  const bytes = Buffer.allocUnsafe(header + length)
  bytes[0] = first
  if (header === 2) {
    bytes[1] = length
  } else if (header === 4) {
    bytes[1] = 126
    bytes[2] = length >>> 8
    bytes[3] = length & 0xff
  } else {
    bytes[1] = 127
    bytes.writeBigUInt64BE(BigInt(length), 2)
  }
  bytes.set(payload, header)
  return bytes
}
