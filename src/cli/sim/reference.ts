import { colorsDigest, isBlank } from '../../boards/canvas/colors-digest.ts'
import { sha256 } from '../../boards/digest.ts'
import type { Api } from '../../client/api.ts'
import { pooled } from '../../client/chunk-fetcher.ts'

type Colors = (index: number) => Uint8Array | undefined

/** The hash of some of a board's chunks, as in its digest. */
function digestOf(indexes: readonly number[], colors: Colors, background: number): string {
  const hashed = (index: number): Uint8Array | undefined => {
    const chunk = colors(index)
    return chunk === undefined || isBlank(chunk, background) ? undefined : sha256([chunk])
  }
  return Buffer.from(colorsDigest(indexes, hashed, sha256)).toString('hex')
}

/** A board as its server has it at one position, by which viewers are judged. */
export class Reference {
  readonly position: number
  readonly #background: number
  readonly #chunks: ReadonlyMap<number, Uint8Array>
  readonly #digests = new Map<string, string>()

  private constructor(position: number, background: number, chunks: ReadonlyMap<number, Uint8Array>) {
    this.position = position
    this.#background = background
    this.#chunks = chunks
  }

  /** Undefined when the board moved meanwhile, or its chunks are not what its digest says. */
  static async fetch(api: Api, board: string): Promise<Reference | undefined> {
    const { position, colors } = await api.digest(board)
    const { background } = await api.board(board)
    const listed = await api.chunkIndexes(board)
    const chunks = new Map<number, Uint8Array>()
    const positions = new Set([position, listed.position])
    await pooled(listed.chunks, async (index) => {
      const chunk = await api.chunk(board, index, position)
      positions.add(chunk.position)
      if (chunk.colors !== undefined) chunks.set(index, chunk.colors)
    })
    const sorted = new Map([...chunks].sort(([a], [b]) => a - b))
    const reference = new Reference(position, background, sorted)
    return positions.size === 1 && reference.digest(null) === colors ? reference : undefined
  }

  /** Of the chunks that are watched; null: all. */
  digest(watched: ReadonlySet<number> | null): string {
    const key = watched === null ? '*' : [...watched].sort((a, b) => a - b).join()
    const known = this.#digests.get(key)
    if (known !== undefined) return known
    const indexes = [...this.#chunks.keys()].filter((index) => watched === null || watched.has(index))
    const digest = digestOf(indexes, (index) => this.#chunks.get(index), this.#background)
    this.#digests.set(key, digest)
    return digest
  }

  /** Whether a copy of these chunks shows the same. */
  matches(watched: ReadonlySet<number> | null, indexes: readonly number[], colors: Colors): boolean {
    return digestOf(indexes, colors, this.#background) === this.digest(watched)
  }
}
