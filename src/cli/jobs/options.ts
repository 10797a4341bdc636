import { type Command, Option } from 'commander'
import type { JobsAsked } from '../../client/jobs.ts'
import type { JobState } from '../../jobs/port.ts'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'

export interface JobsOptions extends ConnectionOptions, JobsAsked {}

const STATES: readonly JobState[] = ['waiting', 'retrying', 'running', 'done', 'dead']

/** Which jobs are meant. */
export function jobsOptions(command: Command): Command {
  return connectionOptions(
    command
      .option('--kind <kind>', 'only those')
      .option('--capture <name>', 'only those for this capture')
      .addOption(new Option('--state <state>', 'only those').choices(STATES)),
  )
}
