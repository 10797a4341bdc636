import sharp from 'sharp'

/** A picture as somebody else's decoder reads it. */
export interface Pixels {
  readonly width: number
  readonly height: number
  /** IHDR: 3 is indexed. */
  readonly colorType: number
  readonly bitDepth: number
  /** 0xRRGGBB, row by row. */
  readonly rgb: Uint32Array
  /** 0xRRGGBB. */
  at(x: number, y: number): number
}

export async function readPng(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const rgb = new Uint32Array(width * height)
  for (let i = 0; i < rgb.length; i++) {
    rgb[i] = channels === 1 ? (data[i] ?? 0) * 0x010101 : data.readUIntBE(i * channels, 3)
  }
  return {
    width,
    height,
    colorType: bytes[25] ?? -1,
    bitDepth: bytes[24] ?? -1,
    rgb,
    at: (x, y) => rgb[y * width + x] ?? -1,
  }
}
