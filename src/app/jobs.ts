import { LOST_FRAMES, type LostFrameServices, lostFrameHandler } from '../capture/place/lost-frames.ts'
import type { AnyKind } from '../jobs/kind.ts'
import { openJobs } from '../jobs/open.ts'
import { JOB_LIMITS, type Jobs } from '../jobs/port.ts'

/** All that there are: every process of a database names the same. */
export const JOB_KINDS: readonly AnyKind[] = [LOST_FRAMES]

export interface WorkServices extends LostFrameServices {
  readonly onError: (error: unknown) => void
}

/** The jobs with what does them. Opens nothing, and does none before `start`. */
export function openWork(services: WorkServices): Jobs {
  const { tables, onError } = services
  const jobs = openJobs(tables, JOB_KINDS, { limits: JOB_LIMITS, onError })
  jobs.work(LOST_FRAMES, lostFrameHandler(services))
  return jobs
}
