import { Duck, literal, type QueryResult } from './duck.ts'
import { PLACEMENT_COLUMNS } from './export.ts'

/**
 * Answers SQL over a view `placements` of these Parquet files, which lie in `folder`. Nothing else can be read: no
 * other file, no network. Errors: `invalid` with DuckDB's own words.
 */
export class PlacementQuery implements Disposable {
  readonly #duck: Duck

  private constructor(duck: Duck) {
    this.#duck = duck
  }

  static async open(files: readonly string[], folder: string): Promise<PlacementQuery> {
    const duck = await Duck.open(undefined, undefined)
    await duck.confine(folder)
    await duck.run(`CREATE VIEW placements AS ${files.length === 0 ? nothing() : everything(files)}`)
    return new PlacementQuery(duck)
  }

  query(sql: string): Promise<QueryResult> {
    return this.#duck.query(sql)
  }

  [Symbol.dispose](): void {
    this.#duck[Symbol.dispose]()
  }
}

function everything(files: readonly string[]): string {
  return `SELECT * FROM read_parquet([${files.map(literal).join(', ')}])`
}

function nothing(): string {
  const columns = PLACEMENT_COLUMNS.map(([name, type]) => `NULL::${type} AS ${name}`)
  return `SELECT ${columns.join(', ')} WHERE false`
}
