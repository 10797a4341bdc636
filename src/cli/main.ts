import { Command } from 'commander'
import { SpateError } from '../base/errors.ts'
import { ProblemError } from '../client/api.ts'
import { serveCommand } from './serve.ts'
import { workCommand } from './work.ts'

const program = new Command('spate')
  .description('Hosts, captures, replays and scores massive live events.')
  .showHelpAfterError()
  // What follows a command's name is its own, also where the command above it knows the same word.
  .enablePositionalOptions()
  .addCommand(serveCommand())
  .addCommand(workCommand())

// What lives long does not hold the database and the image library that other commands load.
if (!['serve', 'work'].includes(process.argv[2] ?? '')) {
  const { commands } = await import('./commands.ts')
  for (const command of commands()) program.addCommand(command)
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof SpateError || error instanceof ProblemError)) throw error
  process.stderr.write(`spate: ${error.message}\n`)
  process.exitCode = 1
}
