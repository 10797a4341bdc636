import {
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTypeId,
  INTEGER,
  UINTEGER,
  UTINYINT,
} from '@duckdb/node-api'
import { messageOf, SpateError } from '../../base/errors.ts'

/** Rows of a chunk, DuckDB's own measure. */
const CHUNK_ROWS = 2048
const MEMORY_LIMIT = '512MB'

const TYPES = { u8: UTINYINT, u32: UINTEGER, i32: INTEGER, f64: DOUBLE } as const

export type ColumnType = keyof typeof TYPES

export interface ResultColumn {
  readonly name: string
  readonly isNumber: boolean
}

export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  /** As text, null for NULL; as they come. */
  readonly rows: AsyncIterable<readonly (string | null)[]>
}

const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
])

/** DuckDB, in this process, with at most 512 MB of memory. Loads no extension and asks no network. */
export class Duck implements Disposable {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  /**
   * @param path of the database, which is made if there is none; undefined: in memory
   * @param spillFolder takes what memory does not hold; undefined: nothing does
   */
  static async open(path: string | undefined, spillFolder: string | undefined): Promise<Duck> {
    const instance = await failing('storage-failed', () =>
      DuckDBInstance.create(path ?? ':memory:', {
        memory_limit: MEMORY_LIMIT,
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        temp_directory: spillFolder ?? '',
      }),
    )
    return new Duck(instance, await instance.connect())
  }

  /** Errors: `storage-failed` with DuckDB's own words. */
  async run(sql: string): Promise<void> {
    await failing('storage-failed', () => this.#connection.run(sql))
  }

  /** Rows for a table of columns of these types. */
  async appender(table: string, types: readonly ColumnType[]): Promise<RowAppender> {
    return new RowAppender(await this.#connection.createAppender(table), types)
  }

  /** From now on only files of this folder can be named, and no setting changed. */
  async confine(folder: string): Promise<void> {
    await this.run(`SET allowed_directories = [${literal(folder)}]`)
    await this.run('SET enable_external_access = false')
    await this.run('SET lock_configuration = true')
  }

  /** The result of the last statement. Errors: `invalid` with DuckDB's own words. */
  async query(sql: string): Promise<QueryResult> {
    const result = await failing('invalid', () => this.#connection.stream(sql))
    const columns = result.columnNames().map((name, i) => ({
      name,
      isNumber: NUMBERS.has(result.columnTypeId(i)),
    }))
    async function* rows(): AsyncGenerator<readonly (string | null)[]> {
      for (;;) {
        const chunk = await failing('invalid', () => result.fetchChunk())
        if (chunk === null || chunk.rowCount === 0) return
        for (const row of chunk.getRows()) {
          yield row.map((value) => (value === null || value === undefined ? null : String(value)))
        }
      }
    }
    return { columns, rows: rows() }
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

/** Appends rows of numbers in chunks: asked for a row, it says where in its columns to write it. */
export class RowAppender {
  /** In the order of the types. */
  readonly columns: readonly Float64Array[]
  readonly #appender: DuckDBAppender
  readonly #types: readonly ColumnType[]
  #rows = 0

  constructor(appender: DuckDBAppender, types: readonly ColumnType[]) {
    this.#appender = appender
    this.#types = types
    this.columns = types.map(() => new Float64Array(CHUNK_ROWS))
  }

  /** The number of the next row in `columns`, to be written before it is asked again. */
  row(): number {
    if (this.#rows === CHUNK_ROWS) this.#flush()
    return this.#rows++
  }

  #flush(): void {
    const count = this.#rows
    if (count === 0) return
    const chunk = DuckDBDataChunk.create(
      this.#types.map((type) => TYPES[type]),
      count,
    )
    this.columns.forEach((values, i) => {
      const vector = chunk.getColumnVector(i)
      for (let row = 0; row < count; row++) vector.setItem(row, values[row] ?? 0)
      vector.flush()
    })
    this.#appender.appendDataChunk(chunk)
    this.#rows = 0
  }

  /** Writes what is left. */
  close(): void {
    this.#flush()
    this.#appender.closeSync()
  }
}

/** What the client puts before DuckDB's own words. */
const CLIENT_WORDS = /^Failed to [a-z ]+: /

/** Text as SQL writes it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

async function failing<T>(code: 'invalid' | 'storage-failed', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new SpateError(code, messageOf(cause).replace(CLIENT_WORDS, '').trim(), { cause })
  }
}
