import { Command } from 'commander'
import { SpateError } from '../../base/errors.ts'
import { type Settling, settleAllJobs, settleJobs } from '../../client/jobs.ts'
import { withServer } from '../connection.ts'
import { type JobsOptions, jobsOptions } from './options.ts'

interface Options extends JobsOptions {
  readonly all?: true
}

export function jobsRetryCommand(): Command {
  return settling('retry', 'dead jobs begin anew; those that wait for their time start now', 'retried')
}

export function jobsDropCommand(): Command {
  return settling('drop', 'jobs that do not run are forgotten', 'dropped')
}

function settling(how: Settling, about: string, done: string): Command {
  const command = new Command(how)
    .description(about)
    .argument('[ids...]', 'as spate jobs list shows them')
    .option('--all', 'all dead ones (or those of --kind, --capture and --state)')
  return jobsOptions(command).action(async (ids: string[], options: Options) => {
    if (ids.length > 0 === (options.all === true)) throw new SpateError('invalid', 'name jobs, or say --all')
    const count = await withServer(options, async (api) =>
      ids.length > 0 ? settleJobs(api, how, ids) : settleAllJobs(api, how, options),
    )
    process.stdout.write(`${done} ${count} jobs\n`)
  })
}
