/** Where tables lie, as it is written in a setting. */
import { SpateError } from '../../base/errors.ts'

export interface PglitePlace {
  readonly kind: 'pglite'
}

export interface PostgresPlace {
  readonly kind: 'postgres'
  /** May hold a password: a function, so that nothing that prints the place prints it. */
  readonly url: () => string
  readonly schema: string
}

export type TablesPlace = PglitePlace | PostgresPlace

export const DEFAULT_SCHEMA = 'spate'

/** Jobs add a word to it, and Postgres takes names of 63 bytes. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,47}$/
const EXPECTED = 'expected pglite: or postgres://user:password@host:port/database?schema=name'

/** Errors: `invalid`; no message repeats the text, which may hold a password. */
export function parseTablesPlace(text: string): TablesPlace {
  if (text === 'pglite:') return { kind: 'pglite' }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    throw new SpateError('invalid', EXPECTED)
  }
  const schema = url.searchParams.get('schema') ?? DEFAULT_SCHEMA
  if (!SCHEMA.test(schema)) {
    throw new SpateError('invalid', 'schema is a name of up to 48 of a–z 0–9 _, not beginning with a digit')
  }
  url.searchParams.delete('schema')
  const { href } = url
  return { kind: 'postgres', url: () => href, schema }
}
