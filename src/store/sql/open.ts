import { SpateError } from '../../base/errors.ts'
import type { Engine } from './engine.ts'
import { sqlError } from './errors.ts'
import { DEFAULT_SCHEMA, type TablesPlace } from './place.ts'
import type { Database, Tables, TablesOptions } from './port.ts'
import type { Change, Db } from './schema.ts'

/** `folder` is PGlite's alone, and the caller holds the data folder that it lies in. Opens nothing yet. */
export function openTables(place: TablesPlace, folder: string, options: TablesOptions): Tables {
  if (place.kind === 'postgres') {
    return new LazyTables(place, async () => {
      const { PostgresEngine } = await import('./postgres.ts')
      return PostgresEngine.open(place, options.limits)
    })
  }
  let discards = 0
  const onDiscarded = (reason: string): void => {
    discards++
    options.onDiscarded(reason)
  }
  const open = async (): Promise<PgliteStatements> => {
    const { PgliteEngine } = await import('./pglite.ts')
    return PgliteEngine.open(folder, DEFAULT_SCHEMA, { ...options, onDiscarded })
  }
  const tables: LazyTables<PgliteStatements> = new LazyTables(
    {
      kind: 'pglite',
      schema: DEFAULT_SCHEMA,
      discards: () => discards,
      statement: async (text, values) => {
        const engine = await tables.engine('use the tables')
        engine.requireRoom()
        return engine.statement(text, values)
      },
    },
    open,
  )
  return tables
}

interface PgliteStatements extends Engine {
  statement(text: string, values?: readonly unknown[]): Promise<{ rows: unknown[] }>
}

class LazyTables<E extends Engine> implements Tables {
  readonly database: Database
  readonly #open: () => Promise<E>
  #engine: Promise<E> | undefined
  #isClosed = false

  constructor(database: Database, open: () => Promise<E>) {
    this.database = database
    this.#open = open
  }

  async read<T>(what: string, work: (db: Db) => Promise<T>): Promise<T> {
    const engine = await this.engine(what)
    try {
      return await work(engine.db)
    } catch (error) {
      throw engine.failure(`cannot ${what}`, error)
    }
  }

  async change<T>(what: string, work: (db: Change) => Promise<T>): Promise<T> {
    const engine = await this.engine(what)
    engine.requireRoom()
    try {
      return await engine.db.transaction().execute(work)
    } catch (error) {
      throw engine.failure(`cannot ${what}`, error)
    }
  }

  /** Of several that ask at once, all get the same. */
  async engine(what: string): Promise<E> {
    if (this.#isClosed) throw new SpateError('unavailable', `cannot ${what}: the tables are closed`)
    try {
      const asked = this.#engine ?? this.#begin(undefined)
      const engine = await asked
      if (!engine.isLost) return engine
      return await (this.#engine === asked ? this.#begin(engine) : this.engine(what))
    } catch (error) {
      throw sqlError(`cannot ${what}`, error)
    }
  }

  #begin(lost: E | undefined): Promise<E> {
    const start = async (): Promise<E> => {
      await lost?.[Symbol.asyncDispose]()
      return this.#open()
    }
    const engine = start()
    this.#engine = engine
    engine.catch(() => {
      if (this.#engine === engine) this.#engine = undefined
    })
    return engine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const engine = await this.#engine?.catch(() => undefined)
    await engine?.[Symbol.asyncDispose]()
  }
}
