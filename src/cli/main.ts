import { Command } from 'commander'
import { SpateError } from '../base/errors.ts'
import { ProblemError } from '../client/api.ts'
import { boardCommand } from './board/board.ts'
import { serveCommand } from './serve.ts'
import { simCommand } from './sim/sim.ts'
import { timelapseCommand } from './timelapse/timelapse.ts'

const program = new Command('spate')
  .description('Hosts, captures, replays and scores massive live events.')
  .showHelpAfterError()
  .addCommand(serveCommand())
  .addCommand(boardCommand())
  .addCommand(timelapseCommand())
  .addCommand(simCommand())

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof SpateError || error instanceof ProblemError)) throw error
  process.stderr.write(`spate: ${error.message}\n`)
  process.exitCode = 1
}
