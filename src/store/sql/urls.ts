import type { Change, Db, UrlRow, UrlStatus } from './schema.ts'

/** What became of a URL. */
export type UrlOutcome =
  | { readonly status: 'stored'; readonly fetched: number; readonly hash: string; readonly size: number }
  | {
      readonly status: Exclude<UrlStatus, 'waiting' | 'stored'>
      readonly fetched: number
      readonly reason: string
    }

const URLS_A_STATEMENT = 1000
export const MAX_URLS_A_PAGE = 1000

/** Those that are new wait to be fetched; those that are there stay as they are. */
export async function nameUrls(
  db: Change,
  capture: string,
  urls: readonly { readonly url: string; readonly named: number }[],
): Promise<void> {
  for (let start = 0; start < urls.length; start += URLS_A_STATEMENT) {
    const rows = urls.slice(start, start + URLS_A_STATEMENT).map(
      ({ url, named }): UrlRow => ({
        capture,
        url,
        status: 'waiting',
        named,
        fetched: null,
        hash: null,
        size: null,
        reason: null,
      }),
    )
    await db
      .insertInto('urls')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['capture', 'url']).doNothing())
      .execute()
  }
}

/** A URL whose bytes are stored stays stored, whatever a later try said. */
export async function settleUrl(
  db: Change,
  capture: string,
  url: string,
  outcome: UrlOutcome,
): Promise<void> {
  await db
    .updateTable('urls')
    .set({
      status: outcome.status,
      fetched: outcome.fetched,
      hash: outcome.status === 'stored' ? outcome.hash : null,
      size: outcome.status === 'stored' ? outcome.size : null,
      reason: outcome.status === 'stored' ? null : outcome.reason,
    })
    .where('capture', '=', capture)
    .where('url', '=', url)
    .where('status', '<>', 'stored')
    .execute()
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
