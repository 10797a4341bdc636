import { createHash } from 'node:crypto'
import type { Canvas } from './canvas/canvas.ts'
import type { Chunk } from './canvas/chunk.ts'
import { colorsDigest, isBlank, type Sha256 } from './canvas/colors-digest.ts'

export interface Digest {
  readonly position: number
  /** Of what everybody sees. */
  readonly colors: string
  /** Of all that the fold decides from: equal states judge alike for ever. */
  readonly state: string
}

interface ChunkHashes {
  readonly changedAt: number
  /** Undefined where all is background. */
  readonly colors: Uint8Array | undefined
  readonly cells: Uint8Array
}

export const sha256: Sha256 = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function bytesOf(column: Float64Array | Uint32Array | Uint8Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}

/** Digests of one canvas; hashes of chunks are kept while they do not change. */
export class Digests {
  readonly #canvas: Canvas
  readonly #hashes = new WeakMap<Chunk, ChunkHashes>()
  #last: Digest | undefined

  constructor(canvas: Canvas) {
    this.#canvas = canvas
  }

  #hashesOf(chunk: Chunk): ChunkHashes {
    const known = this.#hashes.get(chunk)
    if (known !== undefined && known.changedAt === chunk.changedAt) return known
    const blank = isBlank(chunk.colors, this.#canvas.info.background)
    const hashes = {
      changedAt: chunk.changedAt,
      colors: blank ? undefined : sha256([chunk.colors]),
      cells: sha256([chunk.colors, bytesOf(chunk.players), bytesOf(chunk.timesMs)]),
    }
    this.#hashes.set(chunk, hashes)
    return hashes
  }

  get(): Digest {
    const { position, chunks } = this.#canvas
    if (this.#last?.position === position) return this.#last
    const present: number[] = []
    chunks.forEach((chunk, index) => {
      if (chunk !== undefined) present.push(index)
    })
    const hashed = (index: number): Uint8Array | undefined => {
      const chunk = chunks[index]
      return chunk === undefined ? undefined : this.#hashesOf(chunk).colors
    }
    this.#last = {
      position,
      colors: Buffer.from(colorsDigest(present, hashed, sha256)).toString('hex'),
      state: Buffer.from(this.#state(present)).toString('hex'),
    }
    return this.#last
  }

  #state(present: readonly number[]): Uint8Array {
    const { timeMs, info, infoAt, hull, bans, shadows, undo, activity, chunks, players } = this.#canvas
    const parts: Uint8Array[] = [
      Buffer.from(
        JSON.stringify({
          timeMs,
          info,
          infoAt,
          hull,
          bans: [...bans.values()].sort((a, b) => a.player - b.player),
          shadows: [...shadows.byPlayer].map(([player, cells]) => [player, [...cells]]),
          undo: [...undo.byPlayer],
          activity,
        }),
      ),
    ]
    for (const index of present) {
      const chunk = chunks[index]
      if (chunk !== undefined)
        parts.push(Uint8Array.of(index >>> 8, index & 0xff), this.#hashesOf(chunk).cells)
    }
    for (const [index, page] of players.entries()) {
      parts.push(bytesOf(Uint32Array.of(index)), bytesOf(page.debt), bytesOf(page.spent))
      parts.push(bytesOf(page.activeIn), page.banned)
    }
    return sha256(parts)
  }
}
