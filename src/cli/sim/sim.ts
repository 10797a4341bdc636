import { Command } from 'commander'
import { crowdCommand } from './crowd-command.ts'

export function simCommand(): Command {
  return new Command('sim').description('simulate an event').addCommand(crowdCommand())
}
