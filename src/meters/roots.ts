/**
 * The uppermost nodes of rows: 16 neighbouring rows are one value, because most rows are little else than a key would be. Pure.
 *
 *     page  which rows there are, a bit each, lowest first u16 | length u16 of each node | the nodes, by row
 */

export const ROOTS_A_PAGE = 16
const HEAD_BYTES = 2
const LENGTH_BYTES = 2

export function pageOf(row: number): number {
  return Math.floor(row / ROOTS_A_PAGE)
}

/** A row's node in its page. */
export function rootIn(page: Uint8Array | undefined, row: number): Uint8Array | undefined {
  if (page === undefined) return undefined
  const view = new DataView(page.buffer, page.byteOffset, page.length)
  const slots = view.getUint16(0, true)
  const slot = row % ROOTS_A_PAGE
  if ((slots & (1 << slot)) === 0) return undefined
  let start = HEAD_BYTES + countOf(slots) * LENGTH_BYTES
  let at = HEAD_BYTES
  for (let other = 0; other < slot; other++) {
    if ((slots & (1 << other)) === 0) continue
    start += view.getUint16(at, true)
    at += LENGTH_BYTES
  }
  return page.subarray(start, start + view.getUint16(at, true))
}

function countOf(slots: number): number {
  let count = 0
  for (let left = slots; left !== 0; left &= left - 1) count += 1
  return count
}

/** The page with these nodes in place of those that it has. @param changed by row in the page */
export function withRoots(
  page: Uint8Array | undefined,
  changed: readonly (Uint8Array | undefined)[],
): Uint8Array {
  const nodes: Uint8Array[] = []
  let slots = 0
  let sizeBytes = HEAD_BYTES
  for (let slot = 0; slot < ROOTS_A_PAGE; slot++) {
    const node = changed[slot] ?? rootIn(page, slot)
    if (node === undefined) continue
    slots |= 1 << slot
    sizeBytes += LENGTH_BYTES + node.length
    nodes.push(node)
  }
  const bytes = Buffer.allocUnsafe(sizeBytes)
  bytes.writeUInt16LE(slots)
  let at = HEAD_BYTES
  for (const node of nodes) at = bytes.writeUInt16LE(node.length, at)
  for (const node of nodes) {
    bytes.set(node, at)
    at += node.length
  }
  return bytes
}
