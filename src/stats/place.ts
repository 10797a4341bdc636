import { mkdirSync } from 'node:fs'
import { LmdbMeterStore } from '../meters/lmdb.ts'
import type { MeterStore } from '../meters/port.ts'
import { Kv } from '../store/kv.ts'

const TABLES = 16

/** Where the meters of boards lie; may be handed to another process. */
export type MeterPlace =
  /** A folder of an LMDB of their own: only the process that measures writes there. */
  { readonly kind: 'lmdb'; readonly folder: string } | { readonly kind: 'redis'; readonly url: string }

export interface MeterStores extends AsyncDisposable {
  /** Errors: those of the store. */
  open(space: string): Promise<MeterStore>
}

/** Errors: `storage-failed`, `invalid`. */
export async function openStores(place: MeterPlace): Promise<MeterStores> {
  if (place.kind === 'redis') {
    const { openRedisMeters } = await import('../meters/redis.ts')
    return openRedisMeters(place.url)
  }
  mkdirSync(place.folder, { recursive: true })
  const kv = Kv.open(place.folder, TABLES)
  return {
    open: async (space) => new LmdbMeterStore(kv, space),
    [Symbol.asyncDispose]: () => kv[Symbol.asyncDispose](),
  }
}
