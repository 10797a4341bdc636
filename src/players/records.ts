import { BodySchema, bodyReader } from '../log/body.ts'

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

const SCHEMA = new BodySchema('player record', PlayerRecordType, 1)

export function encodePlayerRecord({ body }: PlayerRecord): Uint8Array {
  return SCHEMA.json(body)
}

/** Errors: `newer-version`, `corrupt`. */
export function decodePlayerRecord(type: number, bytes: Uint8Array): PlayerRecord {
  // Validated at the edge before it was appended; the union is discriminated by type.
  return SCHEMA.decode(
    type,
    bytes,
    (known) => ({ type: known, body: bodyReader(bytes).json() }) as PlayerRecord,
  )
}
