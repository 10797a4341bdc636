import { Command } from 'commander'
import { SpateError } from '../../base/errors.ts'
import type { Api } from '../../client/api.ts'
import { withServer } from '../connection.ts'
import { type JobsOptions, jobsOf, jobsOptions } from './api.ts'

interface Options extends JobsOptions {
  readonly all?: true
}

export function jobsRetryCommand(): Command {
  return settling('retry', 'dead jobs begin anew; those that wait for their time start now', 'retried')
}

export function jobsDropCommand(): Command {
  return settling('drop', 'jobs that do not run are forgotten', 'dropped')
}

function settling(verb: 'retry' | 'drop', about: string, done: 'retried' | 'dropped'): Command {
  const command = new Command(verb)
    .description(about)
    .argument('[ids...]', 'as spate jobs list shows them')
    .option('--all', 'all dead ones (or those of --kind and --state)')
  return jobsOptions(command).action(async (ids: string[], options: Options) => {
    if (ids.length > 0 === (options.all === true)) throw new SpateError('invalid', 'name jobs, or say --all')
    const count = await withServer(options, async (api) =>
      ids.length > 0 ? settle(api, verb, done, ids) : settleAll(api, verb, done, options),
    )
    process.stdout.write(`${done} ${count} jobs\n`)
  })
}

async function settleAll(api: Api, verb: string, done: string, options: Options): Promise<number> {
  let count = 0
  const wanted = { ...options, state: options.state ?? 'dead' } as const
  for (;;) {
    const { jobs } = await jobsOf(api, wanted)
    if (jobs.length === 0) return count
    const settled = await settle(
      api,
      verb,
      done,
      jobs.map(({ id }) => id),
    )
    count += settled
    // Those that are left run, or wait no longer.
    if (settled === 0 || wanted.state !== 'dead') return count
  }
}

async function settle(api: Api, verb: string, done: string, ids: readonly string[]): Promise<number> {
  const answer = await api.json<Record<string, number>>('POST', `/api/jobs/${verb}`, { ids })
  return answer[done] ?? 0
}
