import { Command } from 'commander'
import { jobsListCommand } from './list.ts'
import { jobsDropCommand, jobsRetryCommand } from './settle.ts'

export function jobsCommand(): Command {
  return new Command('jobs')
    .description('work that nobody waits for: see it, try it again, forget it')
    .addCommand(jobsListCommand())
    .addCommand(jobsRetryCommand())
    .addCommand(jobsDropCommand())
}
