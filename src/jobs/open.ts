import { assert } from '../base/assert.ts'
import { SpateError } from '../base/errors.ts'
import type { Tables } from '../store/sql/port.ts'
import type { AnyKind, JobKind } from './kind.ts'
import {
  type Handler,
  type JobCounts,
  type JobLimits,
  type JobQuery,
  type Jobs,
  type JobView,
  MAX_DATA_BYTES,
  MAX_LISTED,
  MAX_SENT,
  type Schedule,
  type SendOptions,
} from './port.ts'
import type { JobStore, NewJob } from './store.ts'
import { JobWorker } from './worker.ts'

/** How long a count of what waits is believed. */
const COUNT_MS = 5000

export interface JobOptions {
  readonly limits: JobLimits
  /** What goes wrong where nobody waits for it; it is tried again. */
  readonly onError: (error: unknown) => void
}

/**
 * The jobs of these kinds, in the database of the tables, which must outlive them. Opens nothing yet. Every process
 * that sends or works names the same kinds.
 */
export function openJobs(tables: Tables, kinds: readonly AnyKind[], options: JobOptions): Jobs {
  return new LazyJobs(tables, new Map(kinds.map((kind) => [kind.name, kind])), options)
}

class LazyJobs implements Jobs {
  readonly #tables: Tables
  readonly #kinds: ReadonlyMap<string, AnyKind>
  readonly #options: JobOptions
  readonly #handlers = new Map<string, Handler<object>>()
  readonly #workers = new Map<string, JobWorker>()
  readonly #waiting = new Map<string, { count: number; countedMs: number }>()
  #isStarted = false
  #discardsAtOpening = 0
  #store: Promise<JobStore> | undefined
  #drained: Promise<void> | undefined

  constructor(tables: Tables, kinds: ReadonlyMap<string, AnyKind>, options: JobOptions) {
    this.#tables = tables
    this.#kinds = kinds
    this.#options = options
  }

  async send<D extends object>(
    kind: JobKind<D>,
    data: D,
    options: SendOptions = {},
  ): Promise<string | undefined> {
    const [id] = await this.#insert(kind, [data], options)
    return id
  }

  async sendMany<D extends object>(
    kind: JobKind<D>,
    data: readonly D[],
    options: SendOptions = {},
  ): Promise<number> {
    if (data.length === 0) return 0
    return (await this.#insert(kind, data, options)).length
  }

  async #insert<D extends object>(
    kind: JobKind<D>,
    data: readonly D[],
    options: SendOptions,
  ): Promise<string[]> {
    this.#requireKind(kind.name)
    assert(data.length <= MAX_SENT, `at most ${MAX_SENT} jobs are sent at once`)
    const jobs = data.map((one) => newJob(kind, one, options))
    const store = await this.#opened()
    await this.#requireRoom(store, kind, jobs.length)
    const ids = await store.insert(kind, jobs)
    if (!options.delaySeconds) this.#workers.get(kind.name)?.wake()
    return ids
  }

  async #requireRoom(store: JobStore, kind: AnyKind, more: number): Promise<void> {
    let known = this.#waiting.get(kind.name)
    if (known === undefined || performance.now() - known.countedMs > COUNT_MS) {
      known = { count: await store.countWaiting(kind), countedMs: performance.now() }
      this.#waiting.set(kind.name, known)
    }
    if (known.count + more > kind.maxWaiting) {
      throw new SpateError('overloaded', `${known.count} jobs ${kind.name} wait already`)
    }
    known.count += more
  }

  work<D extends object>(kind: JobKind<D>, handler: Handler<D>): void {
    this.#requireKind(kind.name)
    assert(!this.#handlers.has(kind.name), `${kind.name} has a handler`)
    // Its jobs carry what was sent as D.
    this.#handlers.set(kind.name, handler as Handler<object>)
    if (this.#isStarted) this.#beginWork(kind)
  }

  start(): void {
    if (this.#isStarted || this.#drained !== undefined) return
    this.#isStarted = true
    for (const kind of this.#kinds.values()) this.#beginWork(kind)
  }

  #beginWork(kind: AnyKind): void {
    const handler = this.#handlers.get(kind.name)
    if (handler === undefined) return
    const { limits, onError } = this.#options
    this.#workers.set(kind.name, new JobWorker(kind, handler, () => this.#opened(), limits, onError))
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain()
    return this.#drained
  }

  async #drain(): Promise<void> {
    const workers = [...this.#workers.values()]
    await Promise.all(workers.map((worker) => worker.drain(this.#options.limits.drainMs)))
  }

  async list(query: JobQuery): Promise<JobView[]> {
    return (await this.#opened()).list(query)
  }

  async counts(): Promise<Map<string, JobCounts>> {
    return (await this.#opened()).counts()
  }

  async countsBy(field: string): Promise<Map<string, JobCounts>> {
    return (await this.#opened()).countsBy(field)
  }

  async retry(ids: readonly string[]): Promise<number> {
    const known = requireIds(ids)
    if (known.length === 0) return 0
    const retried = await (await this.#opened()).retry(known)
    for (const worker of this.#workers.values()) worker.wake()
    return retried
  }

  async drop(ids: readonly string[]): Promise<number> {
    const known = requireIds(ids)
    return known.length === 0 ? 0 : (await this.#opened()).drop(known)
  }

  async schedule<D extends object>(
    kind: JobKind<D>,
    { name, cron, timeZone, data }: Schedule<D>,
  ): Promise<void> {
    this.#requireKind(kind.name)
    if (!/^[\w.-]{1,100}$/.test(name)) throw new SpateError('invalid', `${name} is no name of a schedule`)
    newJob(kind, data, {})
    await (await this.#opened()).schedule(kind.name, name, cron, timeZone, data)
  }

  async unschedule(kind: string, name: string): Promise<void> {
    this.#requireKind(kind)
    await (await this.#opened()).unschedule(kind, name)
  }

  #requireKind(name: string): void {
    assert(this.#kinds.has(name), `${name} is a kind that was declared`)
  }

  async #opened(): Promise<JobStore> {
    const opened = this.#store
    if (opened === undefined) return this.#begin(undefined)
    const store = await opened
    if (this.#discards() === this.#discardsAtOpening) return store
    // Its tables went with the database.
    return this.#store === opened ? this.#begin(store) : this.#opened()
  }

  #begin(gone: JobStore | undefined): Promise<JobStore> {
    const start = async (): Promise<JobStore> => {
      await gone?.[Symbol.asyncDispose]()
      return this.#open()
    }
    const store = start()
    this.#store = store
    store.catch(() => {
      if (this.#store === store) this.#store = undefined
    })
    return store
  }

  async #open(): Promise<JobStore> {
    // The tables first: PGlite's are opened with them, and of a later release nothing is touched.
    await this.#tables.read('open the jobs', async () => {})
    this.#discardsAtOpening = this.#discards()
    const { BossStore } = await import('./boss.ts')
    const { limits, onError } = this.#options
    return BossStore.open(this.#tables.database, this.#kinds, limits, onError)
  }

  #discards(): number {
    const { database } = this.#tables
    return database.kind === 'pglite' ? database.discards() : 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain()
    const store = await this.#store?.catch(() => undefined)
    await store?.[Symbol.asyncDispose]()
  }
}

function newJob<D extends object>(
  kind: JobKind<D>,
  data: D,
  { priority = 0, delaySeconds = 0 }: SendOptions,
): NewJob {
  const bytes = Buffer.byteLength(JSON.stringify(data))
  if (bytes > MAX_DATA_BYTES) {
    throw new SpateError('too-large', `a job carries at most ${MAX_DATA_BYTES} bytes, not ${bytes}`)
  }
  assert(Number.isInteger(priority) && delaySeconds >= 0, 'a priority is whole, a delay not negative')
  return { data, key: kind.key?.(data), priority, delaySeconds }
}

/** Ids come from pages and command lines. */
function requireIds(ids: readonly string[]): string[] {
  if (ids.length > MAX_LISTED) throw new SpateError('too-large', `at most ${MAX_LISTED} jobs at once`)
  return ids.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
}
