import type { JobCounts, JobState, JobView } from '../jobs/port.ts'
import type { Api } from './api.ts'

export interface Job extends Omit<JobView, 'reason'> {
  readonly reason: string | null
}

export interface JobsAnswer {
  /** By kind. */
  readonly counts: Readonly<Record<string, JobCounts>>
  /** By the capture that they are for. */
  readonly captures: Readonly<Record<string, JobCounts>>
  /** The latest. */
  readonly jobs: readonly Job[]
}

/** Which jobs are meant. */
export interface JobsAsked {
  readonly kind?: string | undefined
  readonly state?: JobState | undefined
  readonly capture?: string | undefined
}

export type Settling = 'retry' | 'drop'

const DONE = { retry: 'retried', drop: 'dropped' } as const

/** The organiser's: the API has their token. Each may throw a `ProblemError`. */
export function jobsOf(api: Api, { kind, state, capture }: JobsAsked): Promise<JobsAnswer> {
  const query = new URLSearchParams()
  if (kind !== undefined) query.set('kind', kind)
  if (state !== undefined) query.set('state', state)
  if (capture !== undefined) query.set('capture', capture)
  return api.json('GET', `/api/jobs?${query}`)
}

/** Resolves with how many of them were. */
export async function settleJobs(api: Api, how: Settling, ids: readonly string[]): Promise<number> {
  const answer = await api.json<Readonly<Record<string, number>>>('POST', `/api/jobs/${how}`, { ids })
  return answer[DONE[how]] ?? 0
}

/** The dead ones unless a state is named, however many there are; of another state those that are listed at once. */
export async function settleAllJobs(api: Api, how: Settling, asked: JobsAsked): Promise<number> {
  const wanted = { ...asked, state: asked.state ?? 'dead' } as const
  let answer = await jobsOf(api, wanted)
  // Some may fail again at once: each has its turn, not more.
  const all = deadOf(answer, asked)
  for (let count = 0; ; answer = await jobsOf(api, wanted)) {
    if (answer.jobs.length === 0) return count
    const ids = answer.jobs.map(({ id }) => id)
    const settled = await settleJobs(api, how, ids)
    count += settled
    // Those that are left run, or wait no longer.
    if (settled === 0 || wanted.state !== 'dead' || count >= all) return count
  }
}

/** How many dead letters are meant. */
export function deadOf({ counts, captures }: JobsAnswer, { kind, capture }: JobsAsked): number {
  const ofKinds = kind === undefined ? Object.values(counts) : [counts[kind]]
  const dead = ofKinds.reduce((sum, each) => sum + (each?.dead ?? 0), 0)
  return capture === undefined ? dead : Math.min(dead, captures[capture]?.dead ?? 0)
}
