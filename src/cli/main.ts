import { Command } from 'commander'
import { SpateError } from '../base/errors.ts'
import { ProblemError } from '../client/api.ts'
import { archiveCommand } from './archive/archive.ts'
import { restoreCommand } from './archive/restore.ts'
import { verifyCommand } from './archive/verify.ts'
import { boardCommand } from './board/board.ts'
import { serveCommand } from './serve.ts'
import { simCommand } from './sim/sim.ts'
import { exportCommand } from './tables/export.ts'
import { queryCommand } from './tables/query.ts'
import { timelapseCommand } from './timelapse/timelapse.ts'

const program = new Command('spate')
  .description('Hosts, captures, replays and scores massive live events.')
  .showHelpAfterError()
  .addCommand(serveCommand())
  .addCommand(boardCommand())
  .addCommand(timelapseCommand())
  .addCommand(archiveCommand())
  .addCommand(verifyCommand())
  .addCommand(restoreCommand())
  .addCommand(exportCommand())
  .addCommand(queryCommand())
  .addCommand(simCommand())

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof SpateError || error instanceof ProblemError)) throw error
  process.stderr.write(`spate: ${error.message}\n`)
  process.exitCode = 1
}
