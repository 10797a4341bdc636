import { Command } from 'commander'
import { describeConfig, readConfig } from '../app/config.ts'
import { SpateServer } from '../app/server.ts'

/** `spate serve`: runs a server until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run the server')
    .addHelpText('after', `\nSettings, from the environment:\n${describeConfig()}`)
    .action(serve)
}

async function serve(): Promise<void> {
  const server = await SpateServer.start(readConfig(process.env))
  process.stdout.write(`Spate is at ${server.url} (API at ${server.url}/docs)\n`)
  if (server.isNewAdminToken) {
    process.stdout.write(
      `Organiser’s token, shown once and kept in the data folder as admin-token: ${server.adminToken}\n`,
    )
  }
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
  await promise
  await server[Symbol.asyncDispose]()
}
