import { Command } from 'commander'
import { archiveStatusCommand } from './status.ts'

export function archiveCommand(): Command {
  return new Command('archive').description('what is in the archive').addCommand(archiveStatusCommand())
}
