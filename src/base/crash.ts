/**
 * Named points at which a test can end the process as the power would: SIGKILL, nothing flushed.
 * `SPATE_CRASH_AT=log.append:3` dies at the third visit of the point `log.append`. Unset, a visit is free.
 */
const [name, visit] = (process.env.SPATE_CRASH_AT ?? '').split(':')
let remaining = Number(visit ?? 1)

export type CrashPoint =
  | 'log.before-commit'
  | 'log.after-commit'
  | 'host.before-fold'
  | 'host.after-fold'
  | 'snapshot.before-commit'
  | 'snapshot.after-commit'
  | 'players.before-commit'
  | 'meters.before-commit'
  | 'meters.after-commit'
  | 'stats.before-commit'
  | 'stats.after-commit'
  | 'seal.before-segment'
  | 'seal.before-entry'
  | 'seal.after-entry'
  | 'capture.after-object'
  | 'capture.before-paint'
  | 'capture.after-paint'
  | 'capture.after-applied'
  | 'capture.before-answers'
  | 'capture.before-overdue'
  | 'capture.after-overdue'

export function crashPoint(point: CrashPoint): void {
  if (name === '' || name !== point) return
  remaining -= 1
  if (remaining === 0) process.kill(process.pid, 'SIGKILL')
}
