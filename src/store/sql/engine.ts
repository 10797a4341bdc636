import type { Db } from './schema.ts'

/** A database that is open and has this release's tables. */
export interface Engine extends AsyncDisposable {
  readonly db: Db
  /** Nothing can be asked of it any more; another one has to be opened. */
  readonly isLost: boolean
  /** Errors: `storage-full`. */
  requireRoom(): void
  /** What its errors mean, and what follows from them for the engine. */
  failure(what: string, error: unknown): unknown
}
