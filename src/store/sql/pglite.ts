import { statfsSync } from 'node:fs'
import { Kysely } from 'kysely'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { Engine } from './engine.ts'
import { sqlError } from './errors.ts'
import { MIGRATIONS, migrate } from './migrations.ts'
import { PgliteConnection, PgliteError } from './pglite-connection.ts'
import { pgliteDialect } from './pglite-dialect.ts'
import { PgliteFolder } from './pglite-folder.ts'
import type { TableLimits, TablesOptions } from './port.ts'
import type { Db, Schema } from './schema.ts'

/**
 * What stays free on the disk: Postgres does not outlive a WAL that cannot be written, and the log, which lies on the
 * same disk, comes first.
 */
const RESERVE_BYTES = 64 << 20

/**
 * PGlite in a folder that nobody else opens at the same time: the caller holds the data folder.
 *
 * A database that does not open, that says of itself that it is damaged, or that a loss of power may have torn is
 * removed, and a new one is made: `onDiscarded` says so.
 */
export class PgliteEngine implements Engine {
  readonly #folder: PgliteFolder
  readonly #connection: PgliteConnection
  readonly #root: string
  readonly db: Db
  #isDamaged = false

  private constructor(root: string, folder: PgliteFolder, connection: PgliteConnection) {
    this.#root = root
    this.#folder = folder
    this.#connection = connection
    this.db = new Kysely<Schema>({ dialect: pgliteDialect(connection) })
  }

  /** Errors: those of the port. */
  static async open(
    root: string,
    schema: string,
    { limits, onDiscarded }: TablesOptions,
  ): Promise<PgliteEngine> {
    const folder = new PgliteFolder(root)
    const distrust = await folder.prepare()
    if (distrust !== undefined) {
      await folder.discard()
      onDiscarded(distrust)
    }
    if (folder.hasDatabase) {
      try {
        return await PgliteEngine.#openDatabase(root, folder, schema, limits)
      } catch (error) {
        if (!isDamage(error)) throw error
        requireRoom(root)
        await folder.discard()
        onDiscarded(messageOf(error))
      }
    }
    requireRoom(root)
    await create(folder, schema, limits)
    return await PgliteEngine.#openDatabase(root, folder, schema, limits)
  }

  static async #openDatabase(
    root: string,
    folder: PgliteFolder,
    schema: string,
    limits: TableLimits,
  ): Promise<PgliteEngine> {
    await folder.markOpen()
    const connection = await PgliteConnection.open({ folder: folder.database, schema }, limits)
    const engine = new PgliteEngine(root, folder, connection)
    try {
      await migrate(engine.db, schema, MIGRATIONS)
      return engine
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  get isLost(): boolean {
    return this.#connection.isLost || this.#isDamaged
  }

  requireRoom(): void {
    requireRoom(this.#root)
  }

  failure(what: string, error: unknown): unknown {
    const failure = sqlError(what, error)
    if (!(failure instanceof SpateError) || failure.code !== 'corrupt') return failure
    this.#isDamaged = true
    return new SpateError('unavailable', `${failure.message}; the tables are made anew`)
  }

  /** Errors as the database says them, for who knows what they mean. */
  async statement(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[] }> {
    const end = await this.#connection.turn()
    try {
      return await this.#connection.ask(text, values?.length ? values : undefined)
    } catch (error) {
      // Several statements may have begun a transaction of their own.
      await this.#connection.ask('rollback', undefined).catch(() => {})
      this.failure('', error)
      throw error
    } finally {
      end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDamaged) await this.#folder.markUntrusted()
    if (!(await this.#connection.close())) return
    // Where the disk does not sync, the mark stays: the database is trusted as after a kill.
    await this.#folder.markClosed().catch(() => {})
  }
}

/** In a thread of its own, which takes the memory of the making with it when it ends. */
async function create(folder: PgliteFolder, schema: string, limits: TableLimits): Promise<void> {
  const connection = await PgliteConnection.open({ folder: folder.unfinished, schema }, limits)
  await connection.close()
  await folder.finish()
}

/** Whether a new database may help. What is wrong with the disk or the machine stays wrong with a new one. */
function isDamage(error: unknown): boolean {
  if (error instanceof SpateError) return false
  const state = error instanceof PgliteError ? error.code : undefined
  if (state !== undefined && /^E[A-Z]+$/.test(state)) return false
  if (
    /No space left|ENOSPC|EACCES|EPERM|EROFS|EMFILE|Permission denied|Read-only file/.test(messageOf(error))
  ) {
    return false
  }
  return state === undefined || /^(XX|58)/.test(state)
}

function requireRoom(root: string): void {
  const { bavail, bsize } = statfsSync(root)
  if (bavail * bsize < RESERVE_BYTES) {
    throw new SpateError('storage-full', `the disk of ${root} is full`)
  }
}
