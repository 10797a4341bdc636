/**
 * Brings a database to this release's tables. Migrations are only ever added; each runs once, in the order of the
 * names, all of a start in one transaction. Servers that start at once take turns.
 */
import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { SpateError } from '../../base/errors.ts'
import { captures } from './migrations/0001-captures.ts'
import type { Db } from './schema.ts'

export type Migrations = Readonly<Record<string, Migration>>

export const MIGRATIONS: Migrations = {
  '0001-captures': captures,
}

const LEDGER = 'migrations'
/** Has one row, which every migration changes. */
export const LOCK = `${LEDGER}_lock`

/** Errors: `newer-version` where a later release has been; else what the database says. */
export async function migrate(db: Db, schema: string, migrations: Migrations): Promise<void> {
  await requireKnown(db, schema, migrations)
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: LEDGER,
    migrationLockTableName: LOCK,
    migrationTableSchema: schema,
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

async function requireKnown(db: Db, schema: string, migrations: Migrations): Promise<void> {
  const ledger = `${schema}.${LEDGER}`
  const { rows } = await sql<{ found: string | null }>`select to_regclass(${ledger})::text as found`.execute(
    db,
  )
  if (rows[0]?.found == null) return
  const applied = await sql<{ name: string }>`select name from ${sql.table(ledger)}`.execute(db)
  const unknown = applied.rows.find(({ name }) => !Object.hasOwn(migrations, name))
  if (unknown !== undefined) {
    throw new SpateError(
      'newer-version',
      `the tables in schema ${schema} were changed by a later release (${unknown.name}); use that release`,
    )
  }
}
