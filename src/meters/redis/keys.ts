/**
 * How a space's values are named in Redis. All names of a space have one hash tag, so they lie in one slot of a
 * cluster. A row's nodes are in a hash for each unit, by row, roots by page; a bucket's parts are in a hash for each bucket of the
 * next level, by bucket, or `bucket/part`. What expires together is a hash, but for one each level. Pure.
 */
import { type Address, type Kind, levelOfColumns } from '../address.ts'
import { bucketOf, type Level, startOf } from '../calendar.ts'
import { HEAD } from '../columns.ts'
import type { Sheet } from '../port.ts'

/** Of a space. */
export interface SpaceNames {
  /** Hash: layout, generation, position, timeMs, commit, origin. */
  readonly meta: string
  /** Set: generations that were cleared and may hold something. */
  readonly cleared: string
  of(generation: number): Names
}

/** Of what a space holds. Whenever it is cleared, it goes on under new names. */
export interface Names {
  /** Hash. */
  readonly facts: string
  /** Sorted set: names of those that can be listed, each with the score 0, for their order. */
  readonly factNames: string
  /** Sorted set: names of facts by the ms after which they are due; those put again since without an end, too. */
  readonly factEnds: string
  /** Sorted set: which hashes of values there are, for their order. */
  readonly hashes: string
  hash(id: string): string
}

export function namesOf(prefix: string, space: string): SpaceNames {
  const tag = `{${prefix}:${space}}`
  return {
    meta: `${tag}:meta`,
    cleared: `${tag}:cleared`,
    of: (generation) => ({
      facts: `${tag}:${generation}:facts`,
      factNames: `${tag}:${generation}:fact-names`,
      factEnds: `${tag}:${generation}:fact-ends`,
      hashes: `${tag}:${generation}:hashes`,
      hash: (id) => `${tag}:${generation}:${id}`,
    }),
  }
}

/** Ids of hashes are in the order of sheet, kind and group. */
export function hashId(sheet: Sheet, kind: Kind, group: number): string {
  return `${hex(sheet, 5)}${hex(kind, 1)}${hex(group, 8)}`
}

export function parsedHashId(id: string): { sheet: Sheet; kind: Kind; group: number } {
  const part = (from: number, to: number): number => Number.parseInt(id.slice(from, to), 16)
  return { sheet: part(0, 5), kind: part(5, 6), group: part(6, 14) }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

export function groupOf(kind: Kind, index: number): number {
  const level = levelOfColumns(kind)
  if (level === undefined) return index
  return level === 5 ? 0 : bucketOf((level + 1) as Level, startOf(level, index))
}

/** All buckets of groups before it lie before `index`. */
export function placeOf({ sheet, kind, index, at }: Address): { id: string; field: string } {
  const id = hashId(sheet, kind, groupOf(kind, index))
  if (levelOfColumns(kind) === undefined) return { id, field: String(at) }
  return { id, field: at === HEAD ? String(index) : `${index}/${at}` }
}

export function addressOf(id: string, field: string): Address {
  const { sheet, kind, group } = parsedHashId(id)
  if (levelOfColumns(kind) === undefined) return { sheet, kind, index: group, at: Number(field) }
  const [index = 0, at = HEAD] = field.split('/').map(Number)
  return { sheet, kind, index, at }
}
