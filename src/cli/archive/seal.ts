import { Command } from 'commander'
import type { ArchiveStatus } from '../../archive/status.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { statusTable } from './status-table.ts'

export function archiveSealCommand(): Command {
  const command = new Command('seal').description('archive all that the log holds now, however little')
  return connectionOptions(command).action(async (options: ConnectionOptions) => {
    const status = await withServer(options, (api) => api.json<ArchiveStatus>('POST', '/api/archive/seal'))
    process.stdout.write(statusTable(status))
  })
}
