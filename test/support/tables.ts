import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { fingerprint } from '../../scripts/fingerprint.mjs'
import { root } from '../../scripts/root.mjs'
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

const TEMPLATES = join(root, '.cache/test-tables')
const UNFINISHED = 'new-'

/** A folder of PGlite's with a database that was closed in order: to make one takes seconds, to copy it none. */
export async function pgliteFolder(t: Lifetime): Promise<string> {
  const folder = tempFolder(t)
  await copyTemplate(folder)
  return folder
}

/** Kept for the next tests as long as what it is made by stays the same. */
export async function copyTemplate(folder: string): Promise<void> {
  const template = join(TEMPLATES, fingerprint(root, ['package-lock.json', 'src/store/sql']))
  if (!existsSync(template)) await makeTemplate(template)
  cpSync(template, folder, { recursive: true })
}

async function makeTemplate(template: string): Promise<void> {
  mkdirSync(TEMPLATES, { recursive: true })
  const older = readdirSync(TEMPLATES).filter((name) => !name.startsWith(UNFINISHED))
  for (const name of older) rmSync(join(TEMPLATES, name), { recursive: true, force: true })
  const unfinished = mkdtempSync(join(TEMPLATES, UNFINISHED))
  {
    await using tables = openTables(PGLITE, unfinished, { limits: TABLE_LIMITS, onDiscarded: () => {} })
    await tables.read('make the template', async () => {})
  }
  try {
    renameSync(unfinished, template)
  } catch (error) {
    // Of several that make it at once the first one counts.
    if (!existsSync(template)) throw error
    rmSync(unfinished, { recursive: true })
  }
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
