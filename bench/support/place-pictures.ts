import sharp from 'sharp'
import { PALETTE_2022 } from '../../src/capture/datasets/palettes.ts'

let seed = 1
function below(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * limit)
}

function picture(cells: Iterable<number>, side: number): Promise<Buffer> {
  const rgba = Buffer.alloc(side * side * 4)
  for (const at of cells) rgba.writeUInt32BE((PALETTE_2022[below(32)] ?? 0) * 256 + 255, at * 4)
  return sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
    .png()
    .toBuffer()
}

/** Changed cells anywhere, the rest transparent. */
export async function diffPictures(count: number, cells: number, side: number): Promise<Buffer[]> {
  const pictures: Buffer[] = []
  for (let i = 0; i < count; i++) {
    pictures.push(
      await picture(
        Array.from({ length: cells }, () => below(side * side)),
        side,
      ),
    )
  }
  return pictures
}

/** All 32 colours anywhere: as hard to decode as a canvas can be. */
export function fullPicture(side: number): Promise<Buffer> {
  return picture(new Uint8Array(side * side).keys(), side)
}
