import { SpateError } from '../base/errors.ts'

/** The record types of the `players` stream: a version byte, then JSON. The numbers are stored. */
export const PlayerRecordType = { joined: 1, named: 2, tokenIssued: 3, tokenRevoked: 4 } as const

export type PlayerRecord =
  /** Keys get the next free numbers in order; known ones keep theirs. */
  | { readonly type: typeof PlayerRecordType.joined; readonly body: { readonly keys: readonly string[] } }
  | {
      readonly type: typeof PlayerRecordType.named
      readonly body: { readonly player: number; readonly name: string }
    }
  | {
      readonly type: typeof PlayerRecordType.tokenIssued
      readonly body: { readonly player: number; readonly hash: string; readonly label: string }
    }
  | { readonly type: typeof PlayerRecordType.tokenRevoked; readonly body: { readonly hash: string } }

const VERSION = 1
const KNOWN: ReadonlySet<number> = new Set(Object.values(PlayerRecordType))

export function encodePlayerRecord({ body }: PlayerRecord): Uint8Array {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(JSON.stringify(body))])
}

/** Errors: `newer-version`, `corrupt`. */
export function decodePlayerRecord(type: number, bytes: Uint8Array): PlayerRecord {
  const version = bytes[0] ?? 0
  if (!KNOWN.has(type) || version > VERSION) {
    throw new SpateError(
      'newer-version',
      `this release does not know player record type ${type} version ${version}: upgrade Spate`,
    )
  }
  try {
    // Validated at the edge before it was appended; the union is discriminated by type.
    return { type, body: JSON.parse(Buffer.from(bytes.subarray(1)).toString()) } as PlayerRecord
  } catch (cause) {
    throw new SpateError('corrupt', `player record of type ${type}`, { cause })
  }
}
