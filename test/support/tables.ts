import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { postgres } from '../../scripts/services/postgres.mjs'
import { openTables } from '../../src/store/sql/open.ts'
import { type PostgresPlace, parseTablesPlace } from '../../src/store/sql/place.ts'
import { TABLE_LIMITS, type Tables } from '../../src/store/sql/port.ts'
import { type OwnService, ownService } from './own-service.ts'
import { serviceUrl } from './services.ts'
import { afterAllElse, type Lifetime, tempFolder } from './tmp.ts'

export const PGLITE = { kind: 'pglite' } as const

/** Tables in PGlite, disposed of with the test. */
export function pgliteTables(
  t: Lifetime,
  folder: string,
  onDiscarded: (reason: string) => void = (reason) => {
    throw new Error(`discarded: ${reason}`)
  },
): Tables {
  const tables = openTables(PGLITE, folder, { limits: TABLE_LIMITS, onDiscarded })
  t.after(() => tables[Symbol.asyncDispose]())
  return tables
}

let template: Promise<string> | undefined

/** A folder of PGlite's with a database that was closed in order: to make one takes two seconds, to copy it none. */
export async function pgliteFolder(t: Lifetime): Promise<string> {
  template ??= makeTemplate()
  const folder = tempFolder(t)
  cpSync(await template, folder, { recursive: true })
  return folder
}

async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'spate-tables-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await using tables = openTables(PGLITE, folder, { limits: TABLE_LIMITS, onDiscarded: () => {} })
  await tables.read('make the template', async () => {})
  return folder
}

/** A schema of the test's own, dropped after it with that of its jobs. Only for what `requires('postgres')`. */
export function postgresPlace(t: Lifetime, url = serviceUrl('postgres')): PostgresPlace {
  const place = parseTablesPlace(`${url}?schema=test_${randomUUID().replaceAll('-', '')}`)
  if (place.kind !== 'postgres') throw new Error(`${url} is no address of a Postgres`)
  afterAllElse(t, () => dropSchemas(place))
  return place
}

export function postgresTables(t: Lifetime, place: PostgresPlace): Tables {
  const tables = openTables(place, '', { limits: TABLE_LIMITS, onDiscarded: () => {} })
  t.after(() => tables[Symbol.asyncDispose]())
  return tables
}

async function dropSchemas({ url, schema }: PostgresPlace): Promise<void> {
  const client = new pg.Client({ connectionString: url() })
  await client.connect()
  for (const name of [schema, `${schema}_jobs`]) await client.query(`drop schema if exists ${name} cascade`)
  await client.end()
}

/** A Postgres that the test may end as it likes. Only for what `requires('postgres')`. */
export async function ownPostgres(t: Lifetime): Promise<OwnService & { readonly place: PostgresPlace }> {
  const service = await ownService(t, postgres, 1)
  const place = parseTablesPlace(service.url)
  if (place.kind !== 'postgres') throw new Error(`${service.url} is no address of a Postgres`)
  return { ...service, place }
}
