import { Command } from 'commander'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { pathOf } from './api.ts'

export function captureStopCommand(): Command {
  const command = new Command('stop')
    .description('follow a source no more; what was captured stays')
    .argument('<name>')
  return connectionOptions(command).action(async (name: string, options: ConnectionOptions) => {
    await withServer(options, (api) => api.request('DELETE', pathOf(name)))
    process.stdout.write(`${name} is followed no more; what was captured stays\n`)
  })
}
