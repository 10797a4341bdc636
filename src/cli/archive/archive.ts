import { Command } from 'commander'
import { archiveSealCommand } from './seal.ts'
import { archiveStatusCommand } from './status.ts'
import { archiveTrimCommand } from './trim.ts'

export function archiveCommand(): Command {
  return new Command('archive')
    .description('what is in the archive, and what goes there')
    .addCommand(archiveStatusCommand())
    .addCommand(archiveSealCommand())
    .addCommand(archiveTrimCommand())
}
