import type { AnyKind } from './kind.ts'
import type { JobCounts, JobQuery, JobView } from './port.ts'

/** A job as it lies in the database. Its attempt tells one handing out from another. */
export interface Fetched {
  readonly id: string
  readonly data: object
  /** 0 for the first. */
  readonly retryCount: number
}

export type Attempt = Pick<Fetched, 'id' | 'retryCount'>

export interface NewJob {
  readonly data: object
  readonly key: string | undefined
  readonly priority: number
  readonly delaySeconds: number
}

/** What a queue asks of a database. Calls about attempts leave alone what has been handed to somebody else. */
export interface JobStore extends AsyncDisposable {
  insert(kind: AnyKind, jobs: readonly NewJob[]): Promise<string[]>
  fetch(kind: AnyKind, limit: number): Promise<Fetched[]>
  complete(kind: AnyKind, attempts: readonly Attempt[]): Promise<void>
  /** `isFinal`: no retry. */
  fail(kind: AnyKind, attempt: Attempt, reason: string, isFinal: boolean): Promise<void>
  /** As if they had never been fetched. */
  giveBack(kind: AnyKind, attempts: readonly Attempt[]): Promise<void>
  /** Says that they are being worked on; resolves with the ids of those for which that is still so. */
  touch(kind: AnyKind, attempts: readonly Attempt[]): Promise<Set<string>>
  countWaiting(kind: AnyKind): Promise<number>
  list(query: JobQuery): Promise<JobView[]>
  counts(): Promise<Map<string, JobCounts>>
  countsBy(field: string): Promise<Map<string, JobCounts>>
  retry(ids: readonly string[]): Promise<number>
  drop(ids: readonly string[]): Promise<number>
  schedule(kind: string, name: string, cron: string, timeZone: string, data: object): Promise<void>
  unschedule(kind: string, name: string): Promise<void>
}
