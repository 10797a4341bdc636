import { Command } from 'commander'
import { readConfig } from '../app/config.ts'
import { SpateWorker } from '../app/worker.ts'

const AFTER_HELP = `
It needs the servers’ SPATE_LOG=kafka://…, SPATE_DB=postgres://… and SPATE_OBJECTS, and a SPATE_DATA of its own. Servers
do jobs, too: this is for more of them, or for other machines.`

/** `spate work`: does jobs until it is told to stop. */
export function workCommand(): Command {
  return new Command('work')
    .description('do the jobs of servers, without being one')
    .addHelpText('after', AFTER_HELP)
    .action(work)
}

async function work(): Promise<void> {
  const worker = await SpateWorker.start(readConfig(process.env))
  process.stdout.write('Spate works\n')
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
  await promise
  await worker[Symbol.asyncDispose]()
}
