import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PGliteAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { PgliteConnection } from './pglite-connection.ts'

/** Kysely over a connection that others use, too. Kysely's own dialect waits for ever where a transaction cannot begin. */
export function pgliteDialect(connection: PgliteConnection): Dialect {
  return {
    createAdapter: () => new TurnsAdapter(),
    createDriver: () => new PgliteDriver(connection),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/** Kysely's own queue would not hear of it when the connection is lost. */
class TurnsAdapter extends PGliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class Turn implements DatabaseConnection {
  readonly #connection: PgliteConnection
  readonly end: () => void

  constructor(connection: PgliteConnection, end: () => void) {
    this.#connection = connection
    this.end = end
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.#connection.ask(sql, parameters)
    // Kysely's caller says what the rows are.
    return { rows: rows as R[], numAffectedRows: BigInt(affected) }
  }

  // biome-ignore lint/correctness/useYield: it is not supported.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('PGlite has no cursors for this')
  }
}

class PgliteDriver implements Driver {
  readonly #connection: PgliteConnection

  constructor(connection: PgliteConnection) {
    this.#connection = connection
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Turn> {
    return new Turn(this.#connection, await this.#connection.turn())
  }

  async releaseConnection(turn: Turn): Promise<void> {
    turn.end()
  }

  async beginTransaction(): Promise<void> {
    await this.#connection.ask('begin', [])
  }

  async commitTransaction(): Promise<void> {
    await this.#connection.ask('commit', [])
  }

  async rollbackTransaction(): Promise<void> {
    await this.#connection.ask('rollback', [])
  }

  /** Who opened the connection closes it. */
  async destroy(): Promise<void> {}
}
