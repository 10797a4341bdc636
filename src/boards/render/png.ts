import { crc32, deflateSync } from 'node:zlib'

/**
 * An indexed PNG (colour type 3) from one byte a pixel. The depth is the smallest that holds the palette.
 * PNG specification, third edition: 11.2 (critical chunks), 9 (filter 0 on every row: for indexed images the
 * specification's own advice, section 12.7).
 */
const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const INDEXED = 3

/**
 * @param pixels palette indexes, row by row, width × height of them
 * @param transparent the entry of the palette that shows what lies beneath
 */
export function encodeIndexedPng(
  pixels: Uint8Array,
  width: number,
  height: number,
  palette: readonly number[],
  transparent?: number,
): Buffer {
  const depth = depthOf(palette.length)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = depth
  header[9] = INDEXED
  const colors = Buffer.alloc(palette.length * 3)
  palette.forEach((rgb, i) => {
    colors.writeUIntBE(rgb, i * 3, 3)
  })
  const data = deflateSync(packRows(pixels, width, height, depth), { level: 3 })
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colors),
    ...(transparent === undefined ? [] : [chunk('tRNS', alphasUpTo(transparent))]),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Entries beyond the last that is named are opaque. */
function alphasUpTo(transparent: number): Buffer {
  const alphas = Buffer.alloc(transparent + 1, 0xff)
  alphas[transparent] = 0
  return alphas
}

function depthOf(colors: number): 1 | 2 | 4 | 8 {
  if (colors <= 2) return 1
  if (colors <= 4) return 2
  return colors <= 16 ? 4 : 8
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  data.copy(bytes, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

/** Rows of packed pixels, each after its filter byte 0. */
function packRows(pixels: Uint8Array, width: number, height: number, depth: 1 | 2 | 4 | 8): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8)
  const packed = new Uint8Array((rowBytes + 1) * height)
  for (let row = 0; row < height; row++) {
    const from = row * width
    const to = row * (rowBytes + 1) + 1
    if (depth === 8) packed.set(pixels.subarray(from, from + width), to)
    else if (depth === 4) packNibbles(pixels, from, width, packed, to)
    else packBits(pixels, from, width, packed, to, depth)
  }
  return packed
}

function packNibbles(pixels: Uint8Array, from: number, width: number, packed: Uint8Array, to: number): void {
  let at = to
  const even = from + (width & ~1)
  for (let i = from; i < even; i += 2) packed[at++] = ((pixels[i] ?? 0) << 4) | (pixels[i + 1] ?? 0)
  if ((width & 1) === 1) packed[at] = (pixels[even] ?? 0) << 4
}

function packBits(
  pixels: Uint8Array,
  from: number,
  width: number,
  packed: Uint8Array,
  to: number,
  depth: 1 | 2,
): void {
  const perByte = 8 / depth
  for (let i = 0; i < width; i++) {
    const at = to + Math.floor(i / perByte)
    const shift = 8 - depth * ((i % perByte) + 1)
    packed[at] = (packed[at] ?? 0) | ((pixels[from + i] ?? 0) << shift)
  }
}
