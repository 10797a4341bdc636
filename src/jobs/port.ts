/**
 * Jobs: work that must be done although nobody waits for it, kept in the tables' database until it is.
 *
 * Guarantees, shown by `contract.ts`:
 * - A job that was sent is handed to a handler until one returns, or until its retries are spent: then it is a dead
 *   letter with the reason, to be retried or dropped by somebody.
 * - A job runs again only when its handler failed, took too long, or its process ended without settling it. A handler
 *   must therefore stand being called again with the same data.
 * - Of the jobs of a kind that may start, those of higher priority start first, then those that were sent first.
 * - Tries that fail are retried later and later, at moments that chance spreads.
 * - What is done is forgotten after {@link JobLimits.doneSeconds}, a dead letter after {@link JobLimits.deadSeconds}.
 *
 * A deleted database loses its jobs: who sends them keeps what is still to be done in tables that a projection makes,
 * and sends them again. A job with a key is then made once.
 *
 * Nothing is opened before the first use. Errors: those of the tables, and what is named below.
 */
import type { JobKind } from './kind.ts'

export interface JobLimits {
  /** Between looks for jobs that other processes sent or whose time has come. */
  readonly pollMs: number
  /** What is sent or settled within it is fetched or settled together. */
  readonly gatherMs: number
  /** Between looks for jobs whose process is gone. */
  readonly superviseSeconds: number
  /** A process that is not heard of for so long is gone. */
  readonly leaseSeconds: number
  readonly doneSeconds: number
  readonly deadSeconds: number
  /** What running handlers get when the process is to end. */
  readonly drainMs: number
}

export const JOB_LIMITS: JobLimits = {
  pollMs: 1000,
  gatherMs: 50,
  superviseSeconds: 10,
  leaseSeconds: 60,
  doneSeconds: 600,
  deadSeconds: 30 * 24 * 3600,
  drainMs: 10_000,
}

/** In one call. */
export const MAX_SENT = 1000
/** Of a job's data, as JSON. */
export const MAX_DATA_BYTES = 16 << 10
export const MAX_LISTED = 200
/** Of a reason, which may quote what a server answered. */
export const MAX_REASON_CHARACTERS = 1000

export interface Job<D extends object> {
  readonly id: string
  readonly data: D
  /** 1 for the first. */
  readonly attempt: number
  /** Aborted when the time is up, when the process is to end, and when the job was given to somebody else. */
  readonly signal: AbortSignal
}

/**
 * What it throws is the reason why the try failed. A SpateError that no retry can mend makes the job a dead letter
 * at once.
 */
export type Handler<D extends object> = (job: Job<D>) => Promise<void>

export interface SendOptions {
  /** Higher is earlier; 0 unless said otherwise. */
  readonly priority?: number
  readonly delaySeconds?: number
}

export type JobState = 'waiting' | 'retrying' | 'running' | 'done' | 'dead'

/** A job as a page shows it. */
export interface JobView {
  readonly id: string
  readonly kind: string
  readonly state: JobState
  readonly data: unknown
  readonly priority: number
  /** Tries that were begun. */
  readonly attempts: number
  readonly sentMs: number
  /** When it may start, or did. */
  readonly startMs: number
  /** Why the last try failed. */
  readonly reason: string | undefined
}

export interface JobQuery {
  readonly kind: string | undefined
  readonly state: JobState | undefined
  /** Only those whose data has these values. */
  readonly holding?: Readonly<Record<string, string>> | undefined
  /** At most {@link MAX_LISTED}. */
  readonly limit: number
}

export type JobCounts = Readonly<Record<Exclude<JobState, 'done'>, number>>

export interface Schedule<D extends object> {
  /** Its own among the schedules of a kind. */
  readonly name: string
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string
  readonly timeZone: string
  readonly data: D
}

export interface Jobs extends AsyncDisposable {
  /**
   * The job's id; undefined if one with its key waits or runs. Errors: `too-large`, `overloaded` when more wait than
   * the kind allows.
   */
  send<D extends object>(kind: JobKind<D>, data: D, options?: SendOptions): Promise<string | undefined>
  /** All of them in one statement, at most {@link MAX_SENT}. Resolves with how many are new. */
  sendMany<D extends object>(kind: JobKind<D>, data: readonly D[], options?: SendOptions): Promise<number>
  /** From `start` on this process does jobs of the kind. Once a kind. */
  work<D extends object>(kind: JobKind<D>, handler: Handler<D>): void
  start(): void
  /**
   * Takes no more jobs, waits for those that run, aborts those that are left when `drainMs` are over, and gives them
   * back: they have not failed. The same as disposing, which follows.
   */
  drain(): Promise<void>
  /** The latest first. */
  list(query: JobQuery): Promise<JobView[]>
  /** By kind, of all processes. */
  counts(): Promise<Map<string, JobCounts>>
  /** By what this field of their data says, where it has a text. */
  countsBy(field: string): Promise<Map<string, JobCounts>>
  /** Dead letters begin anew; what waits for its time starts now. Resolves with how many of the ids were. */
  retry(ids: readonly string[]): Promise<number>
  /** What does not run is forgotten. Resolves with how many of the ids were. */
  drop(ids: readonly string[]): Promise<number>
  /** Sends a job at each of these moments, whichever processes run, once. Errors: `invalid` for what is no cron. */
  schedule<D extends object>(kind: JobKind<D>, schedule: Schedule<D>): Promise<void>
  unschedule(kind: string, name: string): Promise<void>
}
