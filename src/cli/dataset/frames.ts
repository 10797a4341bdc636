import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SpateError } from '../../base/errors.ts'
import type { Sums } from './folder.ts'

const AT_ONCE = 8

/** Where a frame lies in a dataset. */
export function frameFile(sha256: string): string {
  return `frames/${sha256.slice(0, 2)}/${sha256}.png`
}

/**
 * Writes pictures into the folder, a few at a time, their lines in the order of `hashes`. Resolves with how many.
 * Errors: `corrupt` for bytes that have another hash, those of the file system and of `get`.
 */
export async function writeFrames(
  folder: string,
  hashes: AsyncIterable<string>,
  get: (sha256: string) => Promise<Uint8Array>,
  sums: Sums,
  onFrame: (frames: number) => void,
): Promise<number> {
  const underWay: Promise<void>[] = []
  let frames = 0
  try {
    for await (const sha256 of hashes) {
      await sums.add(sha256, frameFile(sha256))
      const writing = write(folder, sha256, get)
      // Awaited below; until then it must not count as unhandled.
      writing.catch(() => {})
      underWay.push(writing)
      if (underWay.length >= AT_ONCE) await underWay.shift()
      frames += 1
      onFrame(frames)
    }
    await Promise.all(underWay)
  } finally {
    await Promise.allSettled(underWay)
  }
  return frames
}

async function write(
  folder: string,
  sha256: string,
  get: (sha256: string) => Promise<Uint8Array>,
): Promise<void> {
  const bytes = await get(sha256)
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256) throw new SpateError('corrupt', `frame ${sha256} has the bytes of ${actual}`)
  const path = join(folder, frameFile(sha256))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes, { flag: 'wx' })
}
