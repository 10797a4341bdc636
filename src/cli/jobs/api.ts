import { type Command, Option } from 'commander'
import type { Api } from '../../client/api.ts'
import type { JobCounts, JobState, JobView } from '../../jobs/port.ts'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'

export interface JobsAnswer {
  readonly counts: Readonly<Record<string, JobCounts>>
  readonly jobs: readonly (Omit<JobView, 'reason'> & { readonly reason: string | null })[]
}

export interface JobsOptions extends ConnectionOptions {
  readonly kind?: string
  readonly state?: JobState
}

const STATES: readonly JobState[] = ['waiting', 'retrying', 'running', 'done', 'dead']

/** Which jobs are meant. */
export function jobsOptions(command: Command): Command {
  return connectionOptions(
    command
      .option('--kind <kind>', 'only those')
      .addOption(new Option('--state <state>', 'only those').choices(STATES)),
  )
}

export function jobsOf(api: Api, { kind, state }: JobsOptions): Promise<JobsAnswer> {
  const query = new URLSearchParams()
  if (kind !== undefined) query.set('kind', kind)
  if (state !== undefined) query.set('state', state)
  return api.json('GET', `/api/jobs?${query}`)
}
