import { Command } from 'commander'
import { archiveStatus } from '../../archive/status.ts'
import { type ObjectsOptions, objectsOption, withObjects } from './objects.ts'
import { statusTable } from './status-table.ts'

export function archiveStatusCommand(): Command {
  const command = new Command('status').description('what of each stream is archived')
  return objectsOption(command).action(async (options: ObjectsOptions) => {
    process.stdout.write(statusTable(await withObjects(options, archiveStatus)))
  })
}
