import { type ConstructorOptions, fromPglite, PgBoss } from 'pg-boss'
import { assert } from '../base/assert.ts'
import { SpateError } from '../base/errors.ts'
import { sqlError } from '../store/sql/errors.ts'
import type { Database } from '../store/sql/port.ts'
import { type AnyKind, DEAD_LETTERS } from './kind.ts'
import {
  type JobCounts,
  type JobLimits,
  type JobQuery,
  type JobState,
  type JobView,
  MAX_LISTED,
} from './port.ts'
import type { Attempt, Fetched, JobStore, NewJob } from './store.ts'

const MAX_CONNECTIONS = 4
/** What pg-boss of this version makes. A later one may have been here. */
export const BOSS_SCHEMA = 43
/** After a handler's time is up it is this process that says so, if it lives. */
const EXPIRY_SECONDS = 2
/** The most that pg-boss takes: a job that waits for so long was forgotten by people, too. */
const WAITING_SECONDS = 365 * 24 * 3600
const MAINTENANCE_SECONDS = 300
/** Nothing here uses what these do. */
const SELDOM_SECONDS = 24 * 3600
/** PGlite has nobody who vacuums by himself. */
const SETTLED_A_VACUUM = 20_000
const MAX_SCHEDULES_A_KIND = 100

/**
 * pg-boss, in a schema beside the tables': on Postgres with connections of its own, on PGlite through the tables'.
 * Its rows are read here, too, where it has no bounded way to list and count them.
 */
export class BossStore implements JobStore {
  readonly #boss: PgBoss
  readonly #database: Database
  readonly #schema: string
  readonly #kinds: ReadonlyMap<string, AnyKind>
  readonly #onError: (error: unknown) => void
  #settled = 0
  #vacuum: Promise<void> | undefined

  private constructor(
    boss: PgBoss,
    database: Database,
    schema: string,
    kinds: ReadonlyMap<string, AnyKind>,
    onError: (error: unknown) => void,
  ) {
    this.#boss = boss
    this.#database = database
    this.#schema = schema
    this.#kinds = kinds
    this.#onError = onError
  }

  static async open(
    database: Database,
    kinds: ReadonlyMap<string, AnyKind>,
    limits: JobLimits,
    onError: (error: unknown) => void,
  ): Promise<BossStore> {
    const schema = `${database.schema}_jobs`
    const boss = new PgBoss({ ...connection(database), ...settings(schema, limits) })
    // Some of pg-boss's errors are copies of errors.
    const failed = (error: unknown): void => {
      const message = fieldOf(error, 'message')
      const plain = Object.assign(new Error(String(message)), { code: fieldOf(error, 'code') })
      onError(sqlError('jobs', error instanceof Error ? error : plain))
    }
    boss.on('error', failed)
    const store = new BossStore(boss, database, schema, kinds, failed)
    try {
      await boss.start()
      await store.#requireKnown()
      await store.#declare(limits)
      if (database.kind === 'pglite') await store.#failLost()
      return store
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw sqlError('cannot open the jobs', error)
    }
  }

  async insert({ name }: AnyKind, jobs: readonly NewJob[]): Promise<string[]> {
    const rows = jobs.map(({ data, key, priority, delaySeconds }) => ({
      data,
      priority,
      ...(delaySeconds > 0 && { startAfter: delaySeconds }),
      ...(key !== undefined && { singletonKey: key }),
    }))
    return (await asked('send', this.#boss.insert(name, rows, { returnId: true }))) ?? []
  }

  async fetch({ name }: AnyKind, limit: number): Promise<Fetched[]> {
    return asked('fetch', this.#boss.fetch<object>(name, { batchSize: limit }))
  }

  async complete({ name }: AnyKind, attempts: readonly Attempt[]): Promise<void> {
    await asked('settle', this.#boss.complete(name, [...attempts]))
    this.#settled += attempts.length
    if (this.#settled >= SETTLED_A_VACUUM && this.#database.kind === 'pglite')
      this.#vacuum ??= this.#doVacuum()
  }

  async fail({ name }: AnyKind, attempt: Attempt, reason: string, isFinal: boolean): Promise<void> {
    if (isFinal) {
      await this.#sql(
        'settle',
        `update ${this.#schema}.job set retry_limit = retry_count
         where name = $1 and id = $2::uuid and retry_count = $3 and state = 'active'`,
        [name, attempt.id, attempt.retryCount],
      )
    }
    await asked('settle', this.#boss.fail(name, attempt, { message: reason }))
  }

  async giveBack({ name }: AnyKind, attempts: readonly Attempt[]): Promise<void> {
    // Without a start the next fetch counts no retry. pg-boss has this, but not for others.
    await this.#sql(
      'give back',
      `update ${this.#schema}.job set started_on = null, heartbeat_on = null,
         state = (case when retry_count > 0 then 'retry' else 'created' end)::${this.#schema}.job_state
       where name = $1 and state = 'active' and (id::text || ':' || retry_count::text) = any($2::text[])`,
      [name, attempts.map(({ id, retryCount }) => `${id}:${retryCount}`)],
    )
  }

  async touch({ name }: AnyKind, attempts: readonly Attempt[]): Promise<Set<string>> {
    const rows = await this.#sql(
      'touch',
      `update ${this.#schema}.job set heartbeat_on = now()
       where name = $1 and state = 'active' and (id::text || ':' || retry_count::text) = any($2::text[])
       returning id::text as id`,
      [name, attempts.map(({ id, retryCount }) => `${id}:${retryCount}`)],
    )
    return new Set(rows.map(({ id }) => String(id)))
  }

  async countWaiting({ name }: AnyKind): Promise<number> {
    const [row] = await this.#sql(
      'count',
      `select count(*)::int4 as count from ${this.#schema}.job where name = $1 and state < 'active'`,
      [name],
    )
    return Number(row?.count ?? 0)
  }

  async list({ kind, state, holding = {}, limit }: JobQuery): Promise<JobView[]> {
    const rows = await this.#sql(
      'list',
      `select * from (
         select id::text as id, name, source_name, state::text as state, data, output, source_output, priority,
           case when started_on is null then 0 else 1 end + retry_count as attempts,
           coalesce(source_retry_count + 1, 0) as source_attempts,
           (extract(epoch from coalesce(source_created_on, created_on)) * 1000)::float8 as sent,
           (extract(epoch from case when state >= 'active' then started_on else start_after end) * 1000)::float8 as start,
           case when name = $1 then source_name else name end as kind,
           case when name = $1 then 'dead' when state = 'created' then 'waiting' when state = 'retry' then 'retrying'
             when state = 'active' then 'running' when state = 'completed' then 'done' end as view
         from ${this.#schema}.job
       ) as jobs
       where view is not null and kind = any($2::text[]) and ($3::text is null or view = $3) and data @> $5::jsonb
       order by sent desc, id limit $4`,
      [
        DEAD_LETTERS,
        kind === undefined ? [...this.#kinds.keys()] : [kind],
        state ?? null,
        Math.min(limit, MAX_LISTED),
        JSON.stringify(holding),
      ],
    )
    return rows.map(viewOf)
  }

  async counts(): Promise<Map<string, JobCounts>> {
    const rows = await this.#sql(
      'count',
      `select coalesce(source_name, name) as what, name = $1 as dead, state::text as state, count(*)::int4 as count
       from ${this.#schema}.job where state < 'completed' group by 1, 2, 3`,
      [DEAD_LETTERS],
    )
    const counted = countsOf(rows)
    return new Map([...this.#kinds.keys()].map((name) => [name, counted.get(name) ?? noJobs()]))
  }

  async countsBy(field: string): Promise<Map<string, JobCounts>> {
    const rows = await this.#sql(
      'count',
      `select data ->> $2 as what, name = $1 as dead, state::text as state, count(*)::int4 as count
       from ${this.#schema}.job
       where state < 'completed' and coalesce(source_name, name) = any($3::text[]) and jsonb_typeof(data -> $2) = 'string'
       group by 1, 2, 3`,
      [DEAD_LETTERS, field, [...this.#kinds.keys()]],
    )
    return countsOf(rows)
  }

  async retry(ids: readonly string[]): Promise<number> {
    const sooner = await this.#sql(
      'retry',
      `update ${this.#schema}.job set start_after = now()
       where id = any($1::uuid[]) and state < 'active' and name <> $2 and start_after > now() returning id`,
      [[...ids], DEAD_LETTERS],
    )
    const moved = await asked('retry', this.#boss.redrive(DEAD_LETTERS, { ids: [...ids], limit: ids.length }))
    return sooner.length + moved
  }

  async drop(ids: readonly string[]): Promise<number> {
    const dropped = await this.#sql(
      'drop',
      `delete from ${this.#schema}.job where id = any($1::uuid[]) and state <> 'active' returning id`,
      [[...ids]],
    )
    return dropped.length
  }

  async schedule(kind: string, name: string, cron: string, timeZone: string, data: object): Promise<void> {
    try {
      this.#boss.previewSchedule(cron, { tz: timeZone, count: 1 })
    } catch (cause) {
      throw new SpateError('invalid', `${cron} in ${timeZone} names no moments`, { cause })
    }
    const others = await asked('schedule', this.#boss.getSchedules(kind))
    if (others.length >= MAX_SCHEDULES_A_KIND && !others.some(({ key }) => key === name)) {
      throw new SpateError('overloaded', `${kind} has ${MAX_SCHEDULES_A_KIND} schedules`)
    }
    await asked('schedule', this.#boss.schedule(kind, cron, data, { tz: timeZone, key: name }))
  }

  async unschedule(kind: string, name: string): Promise<void> {
    await asked('unschedule', this.#boss.unschedule(kind, name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vacuum
    await this.#boss.stop({ graceful: false, close: true })
  }

  async #requireKnown(): Promise<void> {
    const version = await this.#boss.schemaVersion()
    if (version !== null && version > BOSS_SCHEMA) {
      throw new SpateError('newer-version', 'the jobs were changed by a later release; use that release')
    }
  }

  async #declare({ leaseSeconds, doneSeconds, deadSeconds }: JobLimits): Promise<void> {
    await this.#boss.createQueue(DEAD_LETTERS, { policy: 'standard' })
    await this.#boss.updateQueue(DEAD_LETTERS, { retentionSeconds: deadSeconds })
    for (const kind of this.#kinds.values()) {
      const options = {
        deadLetter: DEAD_LETTERS,
        retryLimit: kind.retries,
        retryBackoff: true,
        retryDelay: kind.backoffSeconds,
        retryDelayMax: kind.mostBackoffSeconds,
        expireInSeconds: kind.timeoutSeconds + EXPIRY_SECONDS,
        heartbeatSeconds: leaseSeconds,
        retentionSeconds: WAITING_SECONDS,
        deleteAfterSeconds: doneSeconds,
      }
      // A queue that is there keeps its policy, so kinds of both have names of their own in the database.
      await this.#boss.createQueue(kind.name, { policy: kind.key === undefined ? 'standard' : 'exclusive' })
      await this.#boss.updateQueue(kind.name, options)
      const queue = await this.#boss.getQueue(kind.name)
      const isExclusive = queue?.policy === 'exclusive'
      assert(
        isExclusive === (kind.key !== undefined),
        `${kind.name} got or lost its key: give it another name`,
      )
    }
  }

  /** Nobody else can have this PGlite open, so who had these jobs is gone. */
  async #failLost(): Promise<void> {
    for (const { name } of this.#kinds.values()) {
      const lost = await this.#sql(
        'open',
        `select id::text as id from ${this.#schema}.job where name = $1 and state = 'active'`,
        [name],
      )
      const ids = lost.map(({ id }) => String(id))
      if (ids.length > 0) await this.#boss.fail(name, ids, { message: 'the process ended' })
    }
  }

  async #doVacuum(): Promise<void> {
    try {
      await this.#sql('vacuum', `vacuum (analyze) ${this.#schema}.job_common`, [])
      this.#settled = 0
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#vacuum = undefined
    }
  }

  async #sql(what: string, text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    const { rows } = await asked(what, this.#boss.getDb().executeSql(text, values))
    return rows
  }
}

const COUNTED: Readonly<Record<string, keyof JobCounts>> = {
  created: 'waiting',
  retry: 'retrying',
  active: 'running',
}

function noJobs(): Record<keyof JobCounts, number> {
  return { waiting: 0, retrying: 0, running: 0, dead: 0 }
}

function countsOf(rows: readonly Record<string, unknown>[]): Map<string, JobCounts> {
  const counts = new Map<string, Record<keyof JobCounts, number>>()
  for (const { what, dead, state, count } of rows) {
    const view = dead === true ? 'dead' : COUNTED[String(state)]
    if (view === undefined) continue
    const counted = counts.get(String(what)) ?? noJobs()
    counted[view] += Number(count)
    counts.set(String(what), counted)
  }
  return counts
}

function connection(database: Database): ConstructorOptions {
  if (database.kind === 'postgres') {
    return { connectionString: database.url(), max: MAX_CONNECTIONS, application_name: 'spate jobs' }
  }
  const { statement } = database
  // pg-boss says what the rows are.
  const query = async (text: string, values?: unknown[]): Promise<{ rows: never[] }> =>
    (await statement(text, values ?? [])) as { rows: never[] }
  return {
    backend: 'pglite',
    db: fromPglite({ query, exec: async (text) => [(await statement(text)) as { rows: never[] }] }),
  }
}

function settings(schema: string, { superviseSeconds }: JobLimits): ConstructorOptions {
  return {
    schema,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    maintenanceIntervalSeconds: MAINTENANCE_SECONDS,
    bamIntervalSeconds: SELDOM_SECONDS,
    flowIntervalSeconds: SELDOM_SECONDS,
    reindex: false,
    monitorVacuum: false,
  }
}

function viewOf(row: Record<string, unknown>): JobView {
  // As the query above names them.
  const state = row.view as JobState
  const output = state === 'dead' ? row.source_output : row.output
  return {
    id: String(row.id),
    kind: String(row.kind),
    state,
    data: row.data,
    priority: Number(row.priority),
    attempts: Number(state === 'dead' ? row.source_attempts : row.attempts),
    sentMs: Number(row.sent),
    startMs: Number(row.start),
    reason: state === 'done' ? undefined : reasonOf(output),
  }
}

function reasonOf(output: unknown): string | undefined {
  const inner = fieldOf(output, 'value') ?? output
  const message = fieldOf(inner, 'message')
  return typeof message === 'string' ? message : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

async function asked<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw sqlError(`cannot ${what} jobs`, error)
  }
}
