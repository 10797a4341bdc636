import { createHash } from 'node:crypto'
import { messageOf, SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { archivedStreams } from './chain.ts'
import { decodeEntry, type Entry, keyOf, requireChained, type StoredEntry, segmentKey } from './manifest.ts'
import { decodeHeader, readBlock, type SegmentIndex } from './segment.ts'

/** Something in an archive that is not as it was sealed. */
export interface Flaw {
  readonly stream: string
  readonly entry: number
  /** Named where it is the segment that is wrong. */
  readonly segment?: string
  /** All bytes of the segment before this one are as they were sealed; the wrong one is in the block that begins here. */
  readonly byte?: number
  readonly what: string
}

export interface Verified {
  readonly streams: number
  readonly entries: number
  readonly records: number
  readonly placements: number
  readonly bytes: number
  /** The hash of each stream's last entry: who keeps it can tell later that nothing was cut off. */
  readonly heads: ReadonlyMap<string, string>
  readonly flaws: readonly Flaw[]
}

/**
 * Reads a whole archive as a stranger would: every entry follows the one before it, every segment has the bytes that
 * its name says, and every block decodes to what the entry counts. Goes on past what is wrong. A chain whose last
 * entries are missing looks like a shorter one: its head tells. Errors: those of the store.
 */
export async function verifyArchive(
  objects: ObjectStore,
  onProgress: (entriesDone: number, entries: number) => void,
): Promise<Verified> {
  const streams = [...(await archivedStreams(objects))].sort(([a], [b]) => (a < b ? -1 : 1))
  const listed = streams.reduce((sum, [, numbers]) => sum + numbers.length, 0)
  const flaws: Flaw[] = []
  const heads = new Map<string, string>()
  const total = { entries: 0, records: 0, placements: 0, bytes: 0 }
  for (const [stream, numbers] of streams) {
    for await (const { stored, flaws: found } of chainOf(objects, stream, numbers)) {
      flaws.push(...found)
      total.entries += 1
      if (stored !== undefined) {
        const { entry } = stored
        heads.set(stream, stored.sha256)
        flaws.push(...(await flawsOf(objects, entry)))
        total.records += entry.records
        total.placements += entry.placements
        total.bytes += entry.bytes
      }
      onProgress(total.entries, listed)
    }
  }
  return { streams: streams.length, ...total, heads, flaws }
}

interface Link {
  /** Undefined if it cannot be read. */
  readonly stored: StoredEntry | undefined
  readonly flaws: readonly Flaw[]
}

async function* chainOf(
  objects: ObjectStore,
  stream: string,
  numbers: readonly number[],
): AsyncIterable<Link> {
  let previous: StoredEntry | undefined
  // What follows an entry that cannot be read is compared with nothing.
  let isBroken = false
  let expected = 1
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const flaws: Flaw[] = []
    if (number !== expected) {
      const missing = number - expected === 1 ? `entry ${expected}` : `entries ${expected} to ${number - 1}`
      flaws.push({ stream, entry: expected, what: `${missing} missing` })
      isBroken = true
    }
    const key = keyOf(stream, number)
    let stored: StoredEntry | undefined
    try {
      stored = decodeEntry(key, await objects.get(key))
      if (!isBroken) requireChained(previous, stored.entry)
    } catch (error) {
      flaws.push({ stream, entry: number, what: words(error) })
    }
    yield { stored, flaws }
    isBroken = stored === undefined
    previous = stored
    expected = number + 1
  }
}

async function flawsOf(objects: ObjectStore, entry: Entry): Promise<Flaw[]> {
  const { stream, number, segment } = entry
  const found = await flawOf(objects, entry)
  return found === undefined ? [] : [{ stream, entry: number, segment, ...found }]
}

type SegmentFlaw = Pick<Flaw, 'byte' | 'what'>

async function flawOf(objects: ObjectStore, entry: Entry): Promise<SegmentFlaw | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await objects.get(segmentKey(entry.segment))
  } catch (error) {
    return { what: words(error) }
  }
  let index: SegmentIndex
  try {
    index = decodeHeader(bytes)
  } catch (error) {
    return { byte: 0, what: words(error) }
  }
  const pace = new Pace()
  const hash = createHash('sha256').update(bytes.subarray(0, index.headerBytes))
  let end = index.headerBytes
  for (const block of index.blocks) {
    end = block.offset + block.bytes
    const data = bytes.subarray(block.offset, end)
    hash.update(data)
    try {
      readBlock(block, data)
    } catch (error) {
      return { byte: block.offset, what: words(error) }
    }
    await pace.turn()
  }
  if (bytes.length > end) return { byte: end, what: 'bytes after the last block' }
  if (hash.digest('hex') !== entry.segment) return { what: 'its hash is not its name' }
  return isCounted(entry, index, end) ? undefined : { what: 'it is not what the entry says of it' }
}

function isCounted(entry: Entry, { stream, blocks }: SegmentIndex, bytes: number): boolean {
  const [first, last] = [blocks[0], blocks.at(-1)]
  const sum = (of: (block: SegmentIndex['blocks'][number]) => number): number =>
    blocks.reduce((total, block) => total + of(block), 0)
  return (
    stream === entry.stream &&
    bytes === entry.bytes &&
    first?.first === entry.first &&
    first.firstMs === entry.firstMs &&
    last?.last === entry.last &&
    blocks.reduce((latest, { latestMs }) => Math.max(latest, latestMs), 0) === entry.lastMs &&
    sum(({ records }) => records) === entry.records &&
    sum(({ placements }) => placements) === entry.placements
  )
}

/** What was found; failures of the store itself are thrown on. */
function words(error: unknown): string {
  if (
    error instanceof SpateError &&
    ['corrupt', 'newer-version', 'not-found', 'too-large'].includes(error.code)
  ) {
    return messageOf(error)
  }
  throw error
}
