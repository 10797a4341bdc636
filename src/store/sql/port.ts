/**
 * Tables of a relational database: PGlite in the data folder, or a Postgres that many servers share. The same
 * migrations and queries on both.
 *
 * Guarantees, shown by `contract.ts`:
 * - `change` is one transaction: all of it or nothing. What is read in `read` was committed.
 * - Nothing is opened before the first use; a database that could not be opened or was lost is opened with the next.
 * - A statement that takes longer than its limit is ended (`unavailable`).
 *
 * Tables hold only what the log can make anew: PGlite does not sync, and on Postgres a commit is not waited for to be
 * on disk. What a crash takes away is a run of the last commits, with the positions of the projections that they
 * moved; or everything, where a crash may have torn what was not synced. Both are folded again.
 *
 * Errors: `unavailable`, `storage-full`, `storage-failed`, `overloaded`, `corrupt`, `newer-version` (a later release
 * has changed the tables), `unauthorized`, `forbidden`, `invalid`. No error and no message holds a password.
 */
import type { PostgresPlace } from './place.ts'
import type { Change, Db } from './schema.ts'

export interface TableLimits {
  /** What takes longer is ended. */
  readonly statementMs: number
  /** A transaction in which nothing happens for so long is ended. */
  readonly idleTransactionMs: number
}

export const TABLE_LIMITS: TableLimits = { statementMs: 30_000, idleTransactionMs: 60_000 }

export interface Tables extends AsyncDisposable {
  readonly database: Database
  /** `what` completes the sentence of an error: "cannot …". Do not write: that is for `change`. */
  read<T>(what: string, work: (db: Db) => Promise<T>): Promise<T>
  /** One transaction. `work` may use nothing but `db`; what it throws is thrown again, and nothing has changed. */
  change<T>(what: string, work: (db: Change) => Promise<T>): Promise<T>
}

/** For who keeps tables of their own beside these. */
export type Database =
  | PostgresPlace
  | {
      readonly kind: 'pglite'
      readonly schema: string
      /** How often the database was removed, and all that was in it. */
      readonly discards: () => number
      /** Without values it may be several statements; the rows of all are returned. */
      readonly statement: (text: string, values?: readonly unknown[]) => Promise<{ rows: unknown[] }>
    }

export interface TablesOptions {
  readonly limits: TableLimits
  /** PGlite's database could not be trusted and was removed; a new one takes its place. */
  readonly onDiscarded: (reason: string) => void
}
