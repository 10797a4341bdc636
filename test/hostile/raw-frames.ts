/** WebSocket frames as RFC 6455, section 5.2 has them, and as it forbids them. */

export interface RawFrame {
  readonly final: boolean
  /** Three bits that no extension of ours gives a meaning. */
  readonly reserved: number
  readonly opcode: number
  readonly masked: boolean
  /** What the header says; the payload's own unless it lies. */
  readonly length: number
  readonly payload: Uint8Array
}

const MASK = [0x12, 0x34, 0x56, 0x78] as const

export function encodeFrame({ final, reserved, opcode, masked, length, payload }: RawFrame): Buffer {
  const lengthCode = length < 126 ? length : length < 65_536 ? 126 : 127
  const head = [(final ? 0x80 : 0) | (reserved << 4) | opcode, (masked ? 0x80 : 0) | lengthCode]
  if (lengthCode === 126) head.push(length >>> 8, length & 0xff)
  if (lengthCode === 127) head.push(0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff))
  const body = masked ? payload.map((byte, i) => byte ^ MASK[i % 4]!) : payload
  return Buffer.concat([Buffer.from(head), Buffer.from(masked ? MASK : []), body])
}

export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  return encodeFrame({ final: true, reserved: 0, opcode, masked: true, length: payload.length, payload })
}

export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** What a server sent; throws where it is not a run of whole, final, unmasked frames. */
export function framesIn(bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes.readUInt8(at)
    const code = bytes.readUInt8(at + 1)
    if ((first & 0xf0) !== 0x80 || code > 127) throw new Error(`a frame that begins with ${first} ${code}`)
    at += 2
    let length = code
    if (code === 126) {
      length = bytes.readUInt16BE(at)
      at += 2
    } else if (code === 127) {
      length = Number(bytes.readBigUInt64BE(at))
      at += 8
    }
    if (at + length > bytes.length) throw new Error('the last frame is cut short')
    frames.push({ opcode: first & 0xf, payload: bytes.subarray(at, at + length) })
    at += length
  }
  return frames
}
