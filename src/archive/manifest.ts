import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { messageOf, SpateError } from '../base/errors.ts'
import { isStreamName } from '../log/port.ts'
import type { Segment } from './segment-writer.ts'

/**
 * The manifest of a stream: entries that are written once, each with the hash of the one before, so that the last
 * one vouches for the whole. Entries count from 1.
 */
const VERSION = 1
export const MANIFESTS = 'manifests/'
export const SEGMENTS = 'segments/'
export const MAX_ENTRIES = 99_999_999

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const EntrySchema = Type.Object(
  {
    version: Type.Literal(VERSION),
    stream: Type.String(),
    number: Type.Integer({ minimum: 1, maximum: MAX_ENTRIES }),
    first: Count,
    last: Count,
    firstMs: Type.Number({ minimum: 0 }),
    /** The latest, as the fold takes it. */
    lastMs: Type.Number({ minimum: 0 }),
    records: Count,
    placements: Count,
    bytes: Count,
    segment: Hash,
    /** The hash of the entry before as it is stored; null for the first. */
    previous: Type.Union([Hash, Type.Null()]),
  },
  { additionalProperties: false },
)

export type Entry = Static<typeof EntrySchema>

/** An entry as it is stored. */
export interface StoredEntry {
  readonly entry: Entry
  readonly sha256: string
}

const Version = Compile(Type.Object({ version: Type.Integer() }))
const Valid = Compile(EntrySchema)

export function entryFor(stream: string, previous: StoredEntry | undefined, segment: Segment): Entry {
  return {
    version: VERSION,
    stream,
    number: (previous?.entry.number ?? 0) + 1,
    first: segment.first,
    last: segment.last,
    firstMs: segment.firstMs,
    lastMs: segment.latestMs,
    records: segment.records,
    placements: segment.placements,
    bytes: segment.bytes.length,
    segment: segment.sha256,
    previous: previous?.sha256 ?? null,
  }
}

/** JSON in the order of the schema, and a line's end. */
export function encodeEntry(entry: Entry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`)
}

/** Errors: `corrupt`, `newer-version`. */
export function decodeEntry(key: string, bytes: Uint8Array): StoredEntry {
  const json = parsed(key, bytes)
  if (Version.Check(json) && json.version > VERSION) {
    throw new SpateError('newer-version', `${key} has version ${json.version}: upgrade Spate to read it`)
  }
  if (!Valid.Check(json) || keyOf(json.stream, json.number) !== key || json.last < json.first) {
    throw new SpateError('corrupt', `${key} is no entry of a manifest`)
  }
  return storedAs(json, bytes)
}

export function storedAs(entry: Entry, bytes: Uint8Array): StoredEntry {
  return { entry, sha256: createHash('sha256').update(bytes).digest('hex') }
}

function parsed(key: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new SpateError('corrupt', `${key} is no JSON: ${messageOf(cause)}`, { cause })
  }
}

/** Errors: `corrupt` unless `next` goes on where `previous` ends. */
export function requireChained(previous: StoredEntry | undefined, next: Entry): void {
  const wanted = (previous?.entry.number ?? 0) + 1
  const what = `entry ${next.number} of ${next.stream}`
  if (next.number !== wanted) throw new SpateError('corrupt', `${what} comes where entry ${wanted} should be`)
  if (next.previous !== (previous?.sha256 ?? null)) {
    throw new SpateError('corrupt', `${what} does not follow the entry before it: its hash is another`)
  }
  if (previous !== undefined && next.first <= previous.entry.last) {
    throw new SpateError(
      'corrupt',
      `${what} begins at position ${next.first}, before the end of the one before`,
    )
  }
}

export function keyOf(stream: string, number: number): string {
  return `${prefixOf(stream)}${String(number).padStart(8, '0')}.json`
}

export function prefixOf(stream: string): string {
  return `${MANIFESTS}${stream}/`
}

export function segmentKey(sha256: string): string {
  return `${SEGMENTS}${sha256}.seg`
}

/** What a key of an entry names; undefined for any other. */
export function namedBy(key: string): { stream: string; number: number } | undefined {
  const [, stream = '', digits = ''] = /^manifests\/(.+)\/(\d{8})\.json$/.exec(key) ?? []
  return isStreamName(stream) && Number(digits) > 0 ? { stream, number: Number(digits) } : undefined
}
