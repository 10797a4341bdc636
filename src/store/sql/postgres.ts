import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Engine } from './engine.ts'
import { sqlError } from './errors.ts'
import { LOCK, MIGRATIONS, migrate } from './migrations.ts'
import type { PostgresPlace } from './place.ts'
import type { TableLimits } from './port.ts'
import type { Db, Schema } from './schema.ts'

const MAX_CONNECTIONS = 6
const CONNECT_MS = 5000
const IDLE_CONNECTION_MS = 30_000
/** The server ends a statement first, if it still answers. */
const GRACE_MS = 5000
/** `int8`: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const INT8 = 20

/** A Postgres that other servers use, too. Its tables lie in a schema of their own, made with the first start. */
export class PostgresEngine implements Engine {
  readonly db: Db
  readonly isLost = false

  private constructor(db: Db) {
    this.db = db
  }

  /** Errors: those of the port. */
  static async open(
    { url, schema }: PostgresPlace,
    { statementMs, idleTransactionMs }: TableLimits,
  ): Promise<PostgresEngine> {
    const pool = new pg.Pool({
      connectionString: url(),
      application_name: 'spate',
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      keepAlive: true,
      statement_timeout: statementMs,
      query_timeout: statementMs + GRACE_MS,
      idle_in_transaction_session_timeout: idleTransactionMs,
      // What the last commits before a crash of the server changed is folded again, so nobody waits for its disk.
      options: `-c search_path=${schema} -c synchronous_commit=off`,
      types: { getTypeParser },
    })
    // A connection that is cut is replaced with the next use, which says what is wrong; so does what is asked of it.
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
    try {
      await migrate(db, schema, MIGRATIONS)
      await waitForDisk(db, schema)
      return new PostgresEngine(db)
    } catch (error) {
      await db.destroy()
      throw error
    }
  }

  /** The server's disk is its own to watch. */
  requireRoom(): void {}

  failure(what: string, error: unknown): unknown {
    return sqlError(what, error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy()
  }
}

/** Who knows that there are tables does not make them again: a crash of the server must not take them away. */
async function waitForDisk(db: Db, schema: string): Promise<void> {
  await db.transaction().execute(async (change) => {
    await sql`set local synchronous_commit to on`.execute(change)
    // The commit of a transaction that has changed something waits for all that was changed before it.
    await sql`update ${sql.table(`${schema}.${LOCK}`)} set is_locked = is_locked`.execute(change)
  })
}

/** As PGlite does it: a number if that is exact. */
function int8(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

function getTypeParser(...[type, format]: Parameters<typeof pg.types.getTypeParser>): unknown {
  return type === INT8 && format !== 'binary' ? int8 : pg.types.getTypeParser(type, format)
}
