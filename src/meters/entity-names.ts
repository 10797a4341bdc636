/** The names of a meter's entities in the order of their rows: pages of 64, each name its length u16 and UTF-8. */
import { entityNamesFact } from './names.ts'
import type { Roll } from './rolls.ts'

const NAMES_A_PAGE = 64
const LENGTH_BYTES = 2

export function entityNamesRoll(meter: number): Roll {
  return { page: (number) => entityNamesFact(meter, number), itemsAPage: NAMES_A_PAGE }
}

export function nameItem(name: string): Uint8Array {
  const length = Buffer.byteLength(name)
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + length)
  bytes.writeUInt16LE(length)
  bytes.write(name, LENGTH_BYTES)
  return bytes
}

function namesIn(page: Uint8Array): string[] {
  const bytes = Buffer.from(page.buffer, page.byteOffset, page.length)
  const names: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + LENGTH_BYTES + bytes.readUInt16LE(at)
    names.push(bytes.toString('utf8', at + LENGTH_BYTES, end))
    at = end
  }
  return names
}

/** Of rows, in their order; empty where there is none. */
export async function readEntityNames(
  meter: number,
  rows: readonly number[],
  read: (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>,
): Promise<string[]> {
  const numbers = [...new Set(rows.map((row) => Math.floor((row - 1) / NAMES_A_PAGE)))]
  const pages = await read(numbers.map((number) => entityNamesFact(meter, number)))
  const names = new Map(pages.map((page, i) => [numbers[i], page === undefined ? [] : namesIn(page)]))
  return rows.map((row) => {
    return names.get(Math.floor((row - 1) / NAMES_A_PAGE))?.[(row - 1) % NAMES_A_PAGE] ?? ''
  })
}
