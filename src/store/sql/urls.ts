import { sql } from 'kysely'
import { numbers, texts } from './arrays.ts'
import type { Change, Db, UrlRow, UrlStatus } from './schema.ts'

/** What became of a URL. */
export type UrlOutcome =
  | { readonly status: 'stored'; readonly fetched: number; readonly hash: string; readonly size: number }
  | {
      readonly status: Exclude<UrlStatus, 'waiting' | 'stored'>
      readonly fetched: number
      readonly reason: string
    }

export interface SettledUrl {
  readonly url: string
  readonly outcome: UrlOutcome
}

const URLS_A_STATEMENT = 5000
export const MAX_URLS_A_PAGE = 1000

/** Those that are new wait to be fetched; those that are there stay as they are. Of those that come twice the first counts. */
export async function nameUrls(
  db: Change,
  capture: string,
  urls: readonly { readonly url: string; readonly named: number }[],
): Promise<void> {
  for (let start = 0; start < urls.length; start += URLS_A_STATEMENT) {
    const rows = urls.slice(start, start + URLS_A_STATEMENT)
    await sql`
      insert into urls (capture, url, status, named)
      select ${capture}, new.url, 'waiting', new.named from unnest(
        ${texts(rows.map(({ url }) => url))}::text[],
        ${numbers(rows.map(({ named }) => named))}::int8[]
      ) as new (url, named)
      on conflict (capture, url) do nothing`.execute(db)
  }
}

/**
 * What became of URLs that are named, in this order. One whose bytes are stored stays stored, whatever a later try said.
 * Columns travel as arrays: one statement for thousands of rows.
 */
export async function settleUrls(db: Change, capture: string, settled: readonly SettledUrl[]): Promise<void> {
  const last = [...lastOfEach(settled)]
  for (let start = 0; start < last.length; start += URLS_A_STATEMENT) {
    const rows = last.slice(start, start + URLS_A_STATEMENT)
    const stored = rows.map(([, outcome]) => (outcome.status === 'stored' ? outcome : undefined))
    const reasons = rows.map(([, outcome]) => (outcome.status === 'stored' ? null : outcome.reason))
    await sql`
      update urls as old set
        status = new.status, fetched = new.fetched, hash = new.hash, size = new.size, reason = new.reason
      from unnest(
        ${texts(rows.map(([url]) => url))}::text[],
        ${texts(rows.map(([, { status }]) => status))}::text[],
        ${numbers(rows.map(([, { fetched }]) => fetched))}::int8[],
        ${texts(stored.map((outcome) => outcome?.hash ?? null))}::text[],
        ${numbers(stored.map((outcome) => outcome?.size ?? null))}::int8[],
        ${texts(reasons)}::text[]
      ) as new (url, status, fetched, hash, size, reason)
      where old.capture = ${capture} and old.url = new.url and old.status <> 'stored'`.execute(db)
  }
}

function lastOfEach(settled: readonly SettledUrl[]): ReadonlyMap<string, UrlOutcome> {
  const last = new Map<string, UrlOutcome>()
  for (const { url, outcome } of settled) {
    if (last.get(url)?.status !== 'stored') last.set(url, outcome)
  }
  return last
}

export function findUrl(db: Db, capture: string, url: string): Promise<UrlRow | undefined> {
  return db
    .selectFrom('urls')
    .selectAll()
    .where('capture', '=', capture)
    .where('url', '=', url)
    .executeTakeFirst()
}

/** What is still to be fetched, the earliest named first: for who makes lost jobs anew. */
export function waitingUrls(
  db: Db,
  capture: string,
  after: { readonly named: number; readonly url: string } | undefined,
  limit: number,
): Promise<UrlRow[]> {
  let query = db
    .selectFrom('urls')
    .selectAll()
    .where('capture', '=', capture)
    .where('status', '=', 'waiting')
    .orderBy('named')
    .orderBy('url')
    .limit(Math.min(limit, MAX_URLS_A_PAGE))
  if (after !== undefined) {
    const { named, url } = after
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('named', 'url'), '>', tuple(named, url)))
  }
  return query.execute()
}

export async function countUrls(db: Db, capture: string): Promise<Record<UrlStatus, number>> {
  const counts: Record<UrlStatus, number> = { waiting: 0, stored: 0, expired: 0, missing: 0, failed: 0 }
  const rows = await db
    .selectFrom('urls')
    .select((select) => ['status', select.fn.countAll<number>().as('count')])
    .where('capture', '=', capture)
    .groupBy('status')
    .execute()
  for (const { status, count } of rows) counts[status] = count
  return counts
}
