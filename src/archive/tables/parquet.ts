import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Position } from '../../log/port.ts'
import { positionOf, START } from '../../log/port.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { Chain } from '../chain.ts'
import type { StoredEntry } from '../manifest.ts'
import { ArchiveReader } from '../reader.ts'
import { exportPlacements } from './export.ts'

const BOARDS = 'board/'
const HASH_DIGITS = 16
/** Entries of the manifest that a file covers, and the hash of the last, which vouches for all before it. */
const NAME = /^\d{8}-(\d{8})-[0-9a-f]{16}\.parquet$/

/** The archive's boards. */
export async function archivedBoards(reader: ArchiveReader): Promise<string[]> {
  const streams = await reader.streams()
  return streams.filter((stream) => stream.startsWith(BOARDS)).map((stream) => stream.slice(BOARDS.length))
}

/** A board's archived records, from the first on. */
export function archivedRecords(reader: ArchiveReader, board: string) {
  return reader.blocks(BOARDS + board, START, positionOf(Number.MAX_SAFE_INTEGER))
}

/**
 * Makes a folder hold Parquet of all that is archived: a file for each run of entries. What is there and still of the
 * archive stays, what the archive has beyond it is added, anything else goes. The names of the files, in order.
 * Errors: those of the archive and of the export.
 */
export async function refreshParquet(
  objects: ObjectStore,
  folder: string,
  onProgress: (board: string, position: Position, last: Position) => void,
): Promise<string[]> {
  const reader = new ArchiveReader(objects)
  const boards = await archivedBoards(reader)
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (!boards.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
  const files: string[] = []
  for (const board of boards) {
    const chain = new Chain(objects, BOARDS + board)
    await chain.refresh()
    const { last, entries } = chain
    if (last === undefined) continue
    const home = join(folder, board)
    await mkdir(home, { recursive: true })
    const { kept, covered } = await keep(home, entries)
    if (covered < last.entry.number) {
      const name = nameOf(covered + 1, last)
      const after = positionOf(entries[covered - 1]?.entry.last ?? START)
      const records = reader.blocks(BOARDS + board, START, chain.sealedUpTo)
      await exportPlacements([{ board, records, after }], 'parquet', join(home, name), (_board, position) =>
        onProgress(board, position, chain.sealedUpTo),
      )
      kept.push(name)
    }
    files.push(...kept.map((name) => join(home, name)))
  }
  return files
}

/** Removes what does not go on from the file before it, or is not of these entries. */
async function keep(
  home: string,
  entries: readonly StoredEntry[],
): Promise<{ kept: string[]; covered: number }> {
  const kept: string[] = []
  let covered = 0
  for (const name of (await readdir(home)).sort()) {
    const last = Number(NAME.exec(name)?.[1])
    const end = entries[last - 1]
    if (end !== undefined && name === nameOf(covered + 1, end)) {
      kept.push(name)
      covered = last
    } else {
      await rm(join(home, name), { recursive: true, force: true })
    }
  }
  return { kept, covered }
}

function nameOf(from: number, { entry, sha256 }: StoredEntry): string {
  const digits = (number: number) => String(number).padStart(8, '0')
  return `${digits(from)}-${digits(entry.number)}-${sha256.slice(0, HASH_DIGITS)}.parquet`
}
