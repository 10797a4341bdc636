import { type Duck, literal } from '../../archive/tables/duck.ts'
import { SpateError } from '../../base/errors.ts'
import { MAX_AUTHOR_BYTES } from '../../capture/datasets/authors.ts'
import type { Gathered } from './gathered.ts'

/** Rows of a row group: what a reader of Parquet holds at once. */
const ROW_GROUP = 122_880
const CSV = 'FORMAT csv, HEADER, COMPRESSION gzip'
/** Lines are made here: no field holds a control character. */
const AS_IT_IS = "QUOTE '', DELIMITER E'\\x01'"
const PARQUET = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP}`

function rowsIn(path: string, columns: string): string {
  return `read_json(${literal(path)}, format = 'newline_delimited', compression = 'gzip', columns = {${columns}})`
}

/** As the dataset of 2022 spells it. */
function timeText(column: string): string {
  return `strftime(${column}, '%Y-%m-%d %H:%M:%S.%g') || ' UTC'`
}

/** Ids that a row of the dataset cannot hold are left out: too long, or with control characters. */
const FIT = `strlen(%) <= ${MAX_AUTHOR_BYTES} AND NOT regexp_matches(%, '[\\x00-\\x1f\\x7f]')`

function fitting(column: string): string {
  return `CASE WHEN ${FIT.replaceAll('%', column)} THEN nullif(${column}, '') END`
}

/** Whose a row of the board is, by the key of its player: as its history as CSV says it. */
const OWNER = `CASE
  WHEN kind = 'restored' THEN 'restored'
  WHEN player.key LIKE 's:%/%' THEN ${fitting("regexp_replace(player.key, '^s:[^/]*/', '')")}
  WHEN player.number IS NOT NULL THEN 'player-' || player.number
END`

/**
 * Makes the tables of a dataset: `frames`, each once, and `pixels`, in the order of their time, of the same time in that
 * of the board's log. Errors: `unavailable` where the board's history is not whole.
 */
export async function makeTables(duck: Duck, history: string, gathered: Gathered): Promise<void> {
  const { told, fetched, answers, fold } = gathered
  // What several threads write depends on which is first.
  await duck.run('SET threads = 1')
  await duck.run(`CREATE TABLE outcomes AS SELECT url,
    arg_min(o, (status <> 'stored', -o.seq)) AS outcome
    FROM (SELECT *, row_number() OVER () AS seq FROM ${rowsIn(fetched, FETCHED)}) AS o GROUP BY url`)
  await duck.run(`CREATE TABLE frames AS SELECT t.*, coalesce(o.outcome.status, 'waiting') AS status,
      o.outcome.sha256 AS sha256, CASE WHEN o.outcome.sha256 IS NOT NULL THEN o.outcome.size END AS size
    FROM (SELECT url, first(name ORDER BY seq) AS name, first(canvas ORDER BY seq) AS canvas,
        first(kind ORDER BY seq) AS kind, first("timestampMs" ORDER BY seq) AS ms, first(dx ORDER BY seq) AS dx,
        first(dy ORDER BY seq) AS dy, min(seq) AS seq
      FROM (SELECT *, row_number() OVER () AS seq FROM ${rowsIn(told, TOLD)}) GROUP BY url) AS t
    LEFT JOIN outcomes AS o USING (url) ORDER BY ms, canvas, t.seq`)
  await duck.run('DROP TABLE outcomes')
  await duck.run(`CREATE TABLE history AS SELECT kind, rows, position, "at", x, y, hex, ${OWNER} AS owner
    FROM ${rowsIn(history, HISTORY)}`)
  await requireWhole(duck)
  await duck.run(`CREATE TABLE authors AS SELECT x, y, "changeMs" AS change,
      first("modifiedMs") AS modified, first("user") AS id, first(called) AS called
    FROM ${rowsIn(answers, ANSWERS)} GROUP BY x, y, change`)
  const { canvasWidth: width = 0, canvasHeight: height = 0 } = fold.config ?? {}
  await duck.run(`CREATE TABLE pixels AS SELECT h."at", h.x, h.y, h.hex,
      coalesce(h.owner, ${fitting('a.id')}) AS user_id, nullif(a.called, '') AS user_name,
      epoch_ms(a.modified)::TIMESTAMP_MS AS modified,
      CASE WHEN h.kind <> 'painted' THEN h.kind WHEN EXISTS (
        SELECT 1 FROM frames AS f WHERE f.kind = 'full' AND f.ms = epoch_ms(h."at")
          AND h.x >= f.dx AND h.x < f.dx + ${width} AND h.y >= f.dy AND h.y < f.dy + ${height})
      THEN 'full' ELSE 'diff' END AS shown_by
    FROM (SELECT *, rowid AS seq FROM history WHERE kind <> 'end') AS h
    LEFT JOIN authors AS a ON a.x = h.x AND a.y = h.y AND a.change = epoch_ms(h."at")
    ORDER BY h."at", h.seq`)
}

const TOLD = `url: 'VARCHAR', name: 'VARCHAR', canvas: 'INTEGER', kind: 'VARCHAR', "timestampMs": 'BIGINT', dx: 'INTEGER', dy: 'INTEGER'`
const FETCHED = `url: 'VARCHAR', status: 'VARCHAR', sha256: 'VARCHAR', size: 'BIGINT'`
const ANSWERS = `x: 'INTEGER', y: 'INTEGER', "changeMs": 'BIGINT', "modifiedMs": 'BIGINT', "user": 'VARCHAR', called: 'VARCHAR'`
const HISTORY = `kind: 'VARCHAR', rows: 'BIGINT', position: 'BIGINT', "at": 'TIMESTAMP_MS', x: 'INTEGER', y: 'INTEGER', hex: 'VARCHAR', player: 'STRUCT("number" BIGINT, "key" VARCHAR)'`

async function requireWhole(duck: Duck): Promise<void> {
  const whole = await one(
    duck,
    "SELECT count(*) FILTER (kind <> 'end') = sum(rows) FILTER (kind = 'end') FROM history",
  )
  if (whole !== 'true') throw new SpateError('unavailable', 'the server’s answer broke off')
}

/** The only value of a query. */
async function one(duck: Duck, sql: string): Promise<string | null> {
  const { rows } = await duck.query(sql)
  let value: string | null = null
  for await (const row of rows) value = row[0] ?? null
  return value
}

export async function countOf(duck: Duck, table: 'frames' | 'pixels'): Promise<number> {
  return Number(await one(duck, `SELECT count(*) FROM ${table}`))
}

/** As the dataset of 2022 is spelled: of all fields the coordinate alone is quoted, and ids that need it. */
export async function writePixelsCsv(duck: Duck, path: string): Promise<void> {
  const id = `CASE WHEN regexp_matches(user_id, '[",]') THEN '"' || replace(user_id, '"', '""') || '"'
    ELSE coalesce(user_id, '') END`
  await duck.run(`COPY (SELECT ${timeText('"at"')} || ',' || ${id} || ',' || hex || ',"' || x || ',' || y || '"'
    AS "timestamp,user_id,pixel_color,coordinate" FROM pixels) TO ${literal(path)} (${CSV}, ${AS_IT_IS})`)
}

export async function writePixelsParquet(duck: Duck, path: string): Promise<void> {
  await duck.run(`COPY (SELECT "at" AS "timestamp", user_id, user_name, hex AS pixel_color, x, y, modified, shown_by
    FROM pixels) TO ${literal(path)} (${PARQUET})`)
}

export async function writeFramesCsv(duck: Duck, path: string): Promise<void> {
  await duck.run(`COPY (SELECT name, ${timeText('epoch_ms(ms)')} AS "timestamp", canvas, kind, sha256, size, status
    FROM frames) TO ${literal(path)} (${CSV})`)
}

/** Hashes of the pictures that are there, each once, in order. */
export async function* pictures(duck: Duck): AsyncGenerator<string> {
  const { rows } = await duck.query(
    'SELECT DISTINCT sha256 FROM frames WHERE sha256 IS NOT NULL ORDER BY sha256',
  )
  for await (const [sha256] of rows) if (typeof sha256 === 'string') yield sha256
}

/** Frames by what became of them. */
export async function outcomes(duck: Duck): Promise<[canvas: number, status: string, frames: number][]> {
  const { rows } = await duck.query(
    'SELECT canvas, status, count(*) FROM frames GROUP BY ALL ORDER BY canvas, status',
  )
  const counts: [number, string, number][] = []
  for await (const [canvas, status, count] of rows) {
    counts.push([Number(canvas), status ?? '', Number(count)])
  }
  return counts
}
