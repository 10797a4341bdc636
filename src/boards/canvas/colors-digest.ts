/** Hashes the concatenation of its parts. */
export type Sha256 = (parts: readonly Uint8Array[]) => Uint8Array

/**
 * The hash by which two copies of a board's colours are compared: SHA-256 over (chunk index u16 big-endian,
 * SHA-256 of its 65,536 colours) for every chunk, by index, that has a cell other than the background.
 *
 * @param indexes ascending
 * @param hashed the SHA-256 of a chunk's colours; undefined where all is background
 */
export function colorsDigest(
  indexes: Iterable<number>,
  hashed: (index: number) => Uint8Array | undefined,
  sha256: Sha256,
): Uint8Array {
  const parts: Uint8Array[] = []
  for (const index of indexes) {
    const hash = hashed(index)
    if (hash !== undefined) parts.push(Uint8Array.of(index >>> 8, index & 0xff), hash)
  }
  return sha256(parts)
}

export function isBlank(colors: Uint8Array, background: number): boolean {
  return colors.every((color) => color === background)
}
