import type { Command } from 'commander'
import { archiveCommand } from './archive/archive.ts'
import { restoreCommand } from './archive/restore.ts'
import { verifyCommand } from './archive/verify.ts'
import { boardCommand } from './board/board.ts'
import { captureCommand } from './capture/capture.ts'
import { jobsCommand } from './jobs/jobs.ts'
import { metersCommand } from './meters/meters.ts'
import { rebuildCommand } from './rebuild.ts'
import { simCommand } from './sim/sim.ts'
import { exportCommand } from './tables/export.ts'
import { queryCommand } from './tables/query.ts'
import { timelapseCommand } from './timelapse/timelapse.ts'

/** All but `serve`, in the order of the help. */
export function commands(): Command[] {
  return [
    boardCommand(),
    captureCommand(),
    jobsCommand(),
    metersCommand(),
    timelapseCommand(),
    archiveCommand(),
    verifyCommand(),
    restoreCommand(),
    rebuildCommand(),
    exportCommand(),
    queryCommand(),
    simCommand(),
  ]
}
