/**
 * Reads the pictures that an r/place sends: PNGs of a palette or of 8-bit RGB(A), not interlaced. The libraries that
 * read any PNG make a picture of four bytes a pixel of it, where a diff is a thousand cells in a million: here zlib
 * unpacks what is there, and cells are looked for in that (figures: ADR 26). What is anything else, or damaged, is left
 * to such a library.
 */
import { crc32, inflateSync } from 'node:zlib'
import { CellColumns } from './cell-columns.ts'
import type { FrameCells } from './picture.ts'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const INDEXED = 3
/** By colour type; an index may take less than a byte. */
const BYTES_A_PIXEL: Readonly<Record<number, number>> = { 2: 3, [INDEXED]: 1, 6: 4 }

interface Header {
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  readonly bytesAPixel: number
  readonly isIndexed: boolean
}

interface Chunks {
  readonly header: Header
  readonly palette: Uint8Array
  readonly alphas: Uint8Array
  readonly packed: Uint8Array
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.equals(bytes.subarray(0, SIGNATURE.length))
}

/** Undefined for what it does not read: maybe a picture all the same. */
export function cellsOfPng(bytes: Uint8Array, maxPixels: number): FrameCells | undefined {
  const chunks = chunksOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  if (chunks === undefined) return undefined
  const { width, height, bitDepth, bytesAPixel, isIndexed } = chunks.header
  if (width === 0 || height === 0 || width * height > maxPixels) return undefined
  const rowBytes = isIndexed ? Math.ceil((width * bitDepth) / 8) : width * bytesAPixel
  const rows = unpacked(chunks.packed, (rowBytes + 1) * height)
  if (rows === undefined) return undefined
  const cells = unfilter(rows, rowBytes, bytesAPixel) ? cellsIn(rows, chunks) : undefined
  // Megabytes a frame: given back at once, instead of by a collection of all garbage for every few frames.
  if (rows.length > LARGE_BYTES) rows.buffer.transfer(0)
  return cells
}

/** Well above what shares its memory with other buffers. */
const LARGE_BYTES = 256 << 10

function cellsIn(rows: Buffer, chunks: Chunks): FrameCells | undefined {
  const { width, height, isIndexed } = chunks.header
  const columns = new CellColumns(width * height)
  if (!isIndexed) gatherColors(rows, chunks.header, columns)
  else if (!gatherIndexes(rows, chunks, columns)) return undefined
  return { width, height, ...columns.finish() }
}

function chunksOf(png: Buffer): Chunks | undefined {
  if (!isPng(png)) return undefined
  let header: Header | undefined
  let palette: Uint8Array = new Uint8Array(0)
  let alphas: Uint8Array = new Uint8Array(0)
  const packed: Uint8Array[] = []
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 8 + png.readUInt32BE(at)
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return undefined
    const body = png.subarray(at + 8, end)
    switch (png.toString('latin1', at + 4, at + 8)) {
      case 'IHDR':
        header = headerOf(body)
        break
      case 'PLTE':
        palette = body
        break
      case 'tRNS':
        alphas = body
        break
      case 'IDAT':
        packed.push(body)
        break
      case 'iCCP':
        // Its colours are to be converted.
        return undefined
      case 'IEND': {
        if (header === undefined || (!header.isIndexed && alphas.length > 0)) return undefined
        const [first = new Uint8Array(0)] = packed
        return { header, palette, alphas, packed: packed.length === 1 ? first : Buffer.concat(packed) }
      }
      default:
        break
    }
    at = end + 4
  }
  return undefined
}

function headerOf(body: Buffer): Header | undefined {
  if (body.length !== 13) return undefined
  const [bitDepth = 0, colorType = 0, compression = 0, filtering = 0, interlacing = 0] = body.subarray(8)
  const bytesAPixel = BYTES_A_PIXEL[colorType]
  const isIndexed = colorType === INDEXED
  const isDepth = isIndexed ? [1, 2, 4, 8].includes(bitDepth) : bitDepth === 8
  if (bytesAPixel === undefined || !isDepth || compression + filtering + interlacing > 0) return undefined
  return { width: body.readUInt32BE(0), height: body.readUInt32BE(4), bitDepth, bytesAPixel, isIndexed }
}

function unpacked(packed: Uint8Array, size: number): Buffer<ArrayBuffer> | undefined {
  try {
    const rows = inflateSync(packed, { chunkSize: size + 64, maxOutputLength: size + 64 })
    return rows.length === size ? rows : undefined
  } catch {
    return undefined
  }
}

/** In place; a byte before each row names its filter. False for a filter that there is not. */
function unfilter(rows: Uint8Array, rowBytes: number, bytesAPixel: number): boolean {
  const stride = rowBytes + 1
  for (let start = 1; start < rows.length; start += stride) {
    const filter = rows[start - 1]!
    if (filter === 0) continue
    if (filter > 4) return false
    for (let at = start; at < start + rowBytes; at++) {
      const left = at - start < bytesAPixel ? 0 : rows[at - bytesAPixel]!
      const up = start === 1 ? 0 : rows[at - stride]!
      if (filter === 1) rows[at]! += left
      else if (filter === 2) rows[at]! += up
      else if (filter === 3) rows[at]! += (left + up) >>> 1
      else {
        const upLeft = at - start < bytesAPixel || start === 1 ? 0 : rows[at - stride - bytesAPixel]!
        rows[at]! += nearestOf(left, up, upLeft)
      }
    }
  }
  return true
}

/** Paeth's. */
function nearestOf(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft)
  const toUp = Math.abs(left - upLeft)
  const toUpLeft = Math.abs(left + up - 2 * upLeft)
  if (toLeft <= toUp && toLeft <= toUpLeft) return left
  return toUp <= toUpLeft ? up : upLeft
}

function gatherColors(rows: Buffer, { width, height, bytesAPixel }: Header, columns: CellColumns): void {
  const hasAlpha = bytesAPixel === 4
  const rowBytes = width * bytesAPixel
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length)
  for (let y = 0; y < height; y++) {
    let from = y * (rowBytes + 1) + 1
    const end = from + rowBytes
    columns.reserve(width)
    const { at, rgb } = columns
    let { count } = columns
    let cell = y * width
    while (from < end) {
      // Of RGB the byte before it too, which is there: that of the filter at least.
      const word = view.getUint32(hasAlpha ? from : from - 1)
      if (hasAlpha && (word & 0xff) === 0) {
        const skipped = from + EIGHT_BYTES <= end && areEightBlank(view, from) ? 8 : 1
        from += skipped * 4
        cell += skipped
        continue
      }
      at[count] = cell
      rgb[count++] = hasAlpha ? word >>> 8 : word & 0xffffff
      from += bytesAPixel
      cell += 1
    }
    columns.count = count
  }
}

/** Pixels in RGBA. */
const EIGHT_BYTES = 32

function areEightBlank(view: DataView, from: number): boolean {
  const first = view.getInt32(from, true) | view.getInt32(from + 4, true)
  const second = view.getInt32(from + 8, true) | view.getInt32(from + 12, true)
  const third = view.getInt32(from + 16, true) | view.getInt32(from + 20, true)
  const fourth = view.getInt32(from + 24, true) | view.getInt32(from + 28, true)
  return (first | second | third | fourth) === 0
}

/** False where a pixel is beyond the palette. */
function gatherIndexes(rows: Buffer, { header, palette, alphas }: Chunks, columns: CellColumns): boolean {
  const { width, height, bitDepth } = header
  const colors = colorsOf(palette, alphas)
  const perByte = 8 / bitDepth
  const perByteLog2 = Math.log2(perByte)
  const mask = 2 ** bitDepth - 1
  const rowBytes = Math.ceil(width / perByte)
  // A byte of the first transparent index alone is all ones times it.
  const blank = Buffer.alloc(rowBytes + 4, Math.max(0, colors.indexOf(NOTHING)) * (255 / mask))
  const blankWord = blank.readInt32LE()
  const hasBlank = colors.includes(NOTHING) && width % perByte === 0
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length)
  const perWord = perByte * 4
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1) + 1
    if (hasBlank && rows.compare(blank, 0, rowBytes, start, start + rowBytes) === 0) continue
    columns.reserve(width)
    const { at, rgb } = columns
    let { count } = columns
    for (let x = 0; x < width; x++) {
      const from = start + (x >>> perByteLog2)
      const isWord = hasBlank && (x & (perWord - 1)) === 0 && x + perWord <= width
      if (isWord && view.getInt32(from, true) === blankWord) {
        x += perWord - 1
        continue
      }
      // The leftmost pixel is in the highest bits.
      const bitsBelow = (~x & (perByte - 1)) * bitDepth
      const color = colors[(rows[from]! >>> bitsBelow) & mask]!
      if (color === NOTHING) continue
      if (color === UNKNOWN) return false
      at[count] = y * width + x
      rgb[count++] = color
    }
    columns.count = count
  }
  return true
}

const NOTHING = -1
const UNKNOWN = -2

/** 0xRRGGBB of each index that a byte can hold. */
function colorsOf(palette: Uint8Array, alphas: Uint8Array): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => {
    if (i * 3 + 2 >= palette.length) return UNKNOWN
    if (alphas[i] === 0) return NOTHING
    return (palette[i * 3]! << 16) | (palette[i * 3 + 1]! << 8) | palette[i * 3 + 2]!
  })
}
