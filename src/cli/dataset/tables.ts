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
  WHEN h.kind = 'restored' THEN 'restored'
  WHEN h.player.key LIKE 's:%/%' THEN ${fitting("regexp_replace(h.player.key, '^s:[^/]*/', '')")}
  WHEN h.player.number IS NOT NULL THEN 'player-' || h.player.number
END`

/** Above every number of a row. */
const LATER = 2 ** 50

/**
 * Makes the tables of a dataset: `frames`, each once, and `pixels`, in the order of their time, of the same time in that
 * of the board's log. Groups hold numbers alone and rows are found again by them, as groups of text would not leave
 * memory. Errors: `unavailable` where the board's history is not whole.
 */
export async function makeTables(duck: Duck, history: string, gathered: Gathered): Promise<void> {
  // What several threads write depends on which is first.
  await duck.run('SET threads = 1')
  await makeFrames(duck, gathered)
  await load(duck, 'history', history, HISTORY)
  await requireWhole(duck)
  await makePixels(duck, gathered)
}

/** With the number of each row as `seq`. */
async function load(duck: Duck, table: string, path: string, columns: string): Promise<void> {
  await duck.run(
    `CREATE TABLE ${table} AS SELECT *, row_number() OVER () AS seq FROM ${rowsIn(path, columns)}`,
  )
}

async function drop(duck: Duck, ...tables: readonly string[]): Promise<void> {
  for (const table of tables) await duck.run(`DROP TABLE ${table}`)
}

async function makeFrames(duck: Duck, { told, fetched }: Gathered): Promise<void> {
  await load(duck, 'told', told, TOLD)
  await load(duck, 'fetched', fetched, FETCHED)
  await duck.run('CREATE TABLE firsts AS SELECT min(seq) AS seq FROM told GROUP BY url')
  // The first time that it was stored, or else what came of the last try.
  await duck.run(`CREATE TABLE outcomes AS SELECT CASE WHEN k < ${LATER} THEN k ELSE ${2 * LATER} - k END AS seq
    FROM (SELECT min(CASE WHEN status = 'stored' THEN seq ELSE ${2 * LATER} - seq END) AS k FROM fetched GROUP BY url)`)
  await duck.run(`CREATE TABLE frames AS SELECT t.name, t.canvas, t.kind, t."timestampMs" AS ms, t.dx, t.dy,
      coalesce(o.status, 'waiting') AS status, o.sha256, CASE WHEN o.sha256 IS NOT NULL THEN o.size END AS size
    FROM (SELECT * FROM told SEMI JOIN firsts USING (seq)) AS t
    LEFT JOIN (SELECT * FROM fetched SEMI JOIN outcomes USING (seq)) AS o USING (url)
    ORDER BY ms, canvas, t.seq`)
  await drop(duck, 'told', 'fetched', 'firsts', 'outcomes')
}

async function makePixels(duck: Duck, { answers, frameSize }: Gathered): Promise<void> {
  const { width, height } = frameSize ?? { width: 0, height: 0 }
  const byFrame = frameSize === undefined ? 'false' : "h.kind = 'painted'"
  await load(duck, 'answers', answers, ANSWERS)
  await duck.run('CREATE TABLE firsts AS SELECT min(seq) AS seq FROM answers GROUP BY x, y, "changeMs"')
  await duck.run(`CREATE TABLE whole AS SELECT DISTINCT h.seq FROM history AS h
    JOIN frames AS f ON f.kind = 'full' AND f.ms = epoch_ms(h."at")
    WHERE h.x >= f.dx AND h.x < f.dx + ${width} AND h.y >= f.dy AND h.y < f.dy + ${height}`)
  await duck.run(`CREATE TABLE joined AS SELECT h."at", h.seq, h.x, h.y, h.hex,
      coalesce(${OWNER}, ${fitting('a."user"')}) AS user_id, nullif(a.called, '') AS user_name,
      epoch_ms(a."modifiedMs")::TIMESTAMP_MS AS modified,
      CASE WHEN NOT (${byFrame}) THEN h.kind WHEN w.seq IS NULL THEN 'diff' ELSE 'full' END AS shown_by
    FROM history AS h
    LEFT JOIN (SELECT * FROM answers SEMI JOIN firsts USING (seq)) AS a
      ON a.x = h.x AND a.y = h.y AND a."changeMs" = epoch_ms(h."at")
    LEFT JOIN whole AS w ON w.seq = h.seq
    WHERE h.kind <> 'end'`)
  await drop(duck, 'answers', 'firsts', 'whole', 'history')
  await duck.run('CREATE TABLE pixels AS SELECT * FROM joined ORDER BY "at", seq')
  await drop(duck, 'joined')
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

/** Changes of pixels whose author is known. */
export async function authored(duck: Duck): Promise<number> {
  return Number(await one(duck, 'SELECT count(user_id) FROM pixels'))
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
