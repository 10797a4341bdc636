/**
 * One unmasked, unfragmented WebSocket frame from server to client (RFC 6455, section 5.2), so that the
 * same bytes can be written to thousands of sockets.
 */
const FINAL_BINARY = 0x82
const FINAL_TEXT = 0x81

/** Every peer answers it with a pong, without a word to its page. */
export const PING_FRAME: Uint8Array = Uint8Array.of(0x89, 0)

export function binaryFrame(payload: Uint8Array): Uint8Array {
  return framed(FINAL_BINARY, payload)
}

export function textFrame(payload: string): Uint8Array {
  return framed(FINAL_TEXT, new TextEncoder().encode(payload))
}

function framed(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const bytes = new Uint8Array(header + length)
  bytes[0] = first
  if (header === 2) {
    bytes[1] = length
  } else if (header === 4) {
    bytes[1] = 126
    bytes[2] = length >>> 8
    bytes[3] = length & 0xff
  } else {
    bytes[1] = 127
    new DataView(bytes.buffer).setBigUint64(2, BigInt(length))
  }
  bytes.set(payload, header)
  return bytes
}
