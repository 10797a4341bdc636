import { createHash } from 'node:crypto'

export type FrameKind = 'full' | 'diff'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CHARACTERS = 8

/** `1648932278612-0-d-bXIB59yT.png`: time, canvas, kind, and eight characters of the image's hash. */
export function frameName(timestampMs: number, canvas: number, kind: FrameKind, png: Buffer): string {
  return `${timestampMs}-${canvas}-${kind === 'full' ? 'f' : 'd'}-${hashOf(png)}.png`
}

function hashOf(png: Buffer): string {
  let rest = createHash('sha256').update(png).digest().readBigUInt64BE()
  let text = ''
  const base = BigInt(ALPHABET.length)
  for (let i = 0; i < CHARACTERS; i++) {
    text += ALPHABET[Number(rest % base)]
    rest /= base
  }
  return text
}
