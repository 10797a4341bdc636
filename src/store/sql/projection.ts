/**
 * What a fold of a stream keeps in tables. Its rows and its position change in one transaction, so after a crash it
 * goes on exactly where it stood; and where the database is new, or the rules are, it begins again at the first record.
 *
 * Several processes may run the same projection on the same database: a batch that another one has applied is not
 * applied again.
 */
import { SpateError } from '../../base/errors.ts'
import type { Tables } from './port.ts'
import type { Change } from './schema.ts'

export interface Projection<R extends { readonly position: number }> {
  /** Its own among all projections of the database. */
  readonly name: string
  /** Of its rules. What another version made is removed and made anew. */
  readonly version: number
  /** Removes all that `apply` ever wrote. */
  clear(db: Change): Promise<void>
  /** The same records make the same rows, in whatever batches they come. */
  apply(db: Change, records: readonly R[]): Promise<void>
}

/** The stream's batches after a position; it ends when the caller has had enough. */
export type Batches<R> = (after: number) => AsyncIterable<readonly R[]>

/**
 * Brings the projection up to the end of the batches. Resolves with where it stands then. Errors: those of the port,
 * of `apply` and of the stream; what was applied before stays.
 */
export async function project<R extends { readonly position: number }>(
  tables: Tables,
  projection: Projection<R>,
  read: Batches<R>,
): Promise<number> {
  for (;;) {
    const position = await begin(tables, projection)
    const end = await follow(tables, projection, position, read)
    if (end !== 'moved') return end
  }
}

/** Forgets what was projected; the next `project` makes it anew. */
export async function reset<R extends { readonly position: number }>(
  tables: Tables,
  projection: Projection<R>,
): Promise<void> {
  await tables.change(`clear ${projection.name}`, (db) => restart(db, projection))
}

/** Where the projection stands; cleared first where another version of it stands there. */
function begin<R extends { readonly position: number }>(
  tables: Tables,
  projection: Projection<R>,
): Promise<number> {
  return tables.change(`begin ${projection.name}`, async (db) => {
    const row = await db
      .selectFrom('meta')
      .selectAll()
      .where('name', '=', projection.name)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) {
      await restart(db, projection)
      return 0
    }
    if (row.version > projection.version) {
      throw new SpateError(
        'newer-version',
        `${projection.name} was made by a later release; use that release`,
      )
    }
    if (row.version === projection.version) return row.position
    await restart(db, projection)
    return 0
  })
}

async function restart<R extends { readonly position: number }>(
  db: Change,
  projection: Projection<R>,
): Promise<void> {
  const { name, version } = projection
  await db
    .insertInto('meta')
    .values({ name, version, position: 0 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ version, position: 0 }))
    .execute()
  await projection.clear(db)
}

/** `moved`: somebody else moved the position, or the database is not the one that it was. */
async function follow<R extends { readonly position: number }>(
  tables: Tables,
  projection: Projection<R>,
  from: number,
  read: Batches<R>,
): Promise<number | 'moved'> {
  let position = from
  for await (const records of read(position)) {
    const end = records.at(-1)?.position
    if (end === undefined) continue
    const isOwn = await tables.change(`project ${projection.name}`, async (db) => {
      // First, as its lock keeps others from the same batch.
      const { numUpdatedRows } = await db
        .updateTable('meta')
        .set({ position: end })
        .where('name', '=', projection.name)
        .where('version', '=', projection.version)
        .where('position', '=', position)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      await projection.apply(db, records)
      return true
    })
    if (!isOwn) return 'moved'
    position = end
  }
  return position
}
