import type { FollowedState } from '../capture/captures.ts'
import type { CanvasReport } from '../capture/report.ts'
import type { HttpServices } from './services.ts'

export interface Reading {
  readonly labels: Record<string, string>
  readonly value: number
}

interface CaptureGauge {
  readonly name: string
  readonly help: string
  readonly read: (states: readonly FollowedState[], nowMs: number) => Reading[]
}

/** What an operator watches of the captures that this server follows. */
export const CAPTURE_GAUGES: readonly CaptureGauge[] = [
  ofCapture('spate_capture_following', '1 while all that the source has is heard', ({ state }) =>
    Number(state === 'following'),
  ),
  ofCapture(
    'spate_capture_stopped',
    '1 when nothing is captured until somebody mends what failed',
    ({ state }) => Number(state === 'stopped'),
  ),
  ofCapture('spate_capture_stalled', '1 while a disk or log without room is waited for', ({ waiting }) =>
    Number(waiting?.isStalled ?? false),
  ),
  ofCapture('spate_capture_messages', 'Messages kept', ({ report }) => report.counts.messages),
  ofCapture(
    'spate_capture_waiting_bytes',
    'Messages that wait for the log',
    ({ waiting }) => waiting?.rawBytes ?? 0,
  ),
  ofCapture(
    'spate_capture_waiting_downloads',
    'Frames that are being fetched',
    ({ waiting }) => waiting?.downloads ?? 0,
  ),
  ofCapture(
    'spate_capture_waiting_authors',
    'Changes whose author is still asked for',
    ({ waiting }) => waiting?.asks ?? 0,
  ),
  ofCapture(
    'spate_capture_tables_behind',
    'Records whose rows are not in the tables yet',
    ({ report, tablesPosition }) =>
      tablesPosition === null ? 0 : Math.max(0, report.position - tablesPosition),
  ),
  {
    name: 'spate_capture_closed',
    help: 'Connections to the source that ended, by why',
    read: (states) =>
      states.flatMap(({ name, report }) =>
        Object.entries(report.counts.closed).map(([cause, value]) => ({
          labels: { capture: name, cause },
          value,
        })),
      ),
  },
  ofCanvas(
    'spate_capture_connections',
    'Connections to the source that are open',
    ({ connections }) => connections,
  ),
  ofCanvas('spate_capture_frames_waiting', 'Frames that are not on the board yet', ({ waiting }) => waiting),
  ofCanvas(
    'spate_capture_silence_seconds',
    'Since the last message that told of a frame',
    ({ lastFrame }, nowMs) => (lastFrame === null ? 0 : Math.max(0, nowMs - lastFrame.arrivedMs) / 1000),
  ),
  ofCanvas(
    'spate_capture_lag_seconds',
    'From the source’s time to the board, for 99 of 100 frames',
    ({ boardLag }) => boardLag.p99Ms / 1000,
  ),
  ofCanvas('spate_capture_holes', 'Holes in the coverage', ({ holes }) => holes.length),
  ofCanvas('spate_capture_hole_seconds', 'How long they are together', ({ holeMs }) => holeMs / 1000),
]

function ofCapture(name: string, help: string, value: (state: FollowedState) => number): CaptureGauge {
  const read = (states: readonly FollowedState[]): Reading[] =>
    states.map((state) => ({ labels: { capture: state.name }, value: value(state) }))
  return { name, help, read }
}

function ofCanvas(
  name: string,
  help: string,
  value: (canvas: CanvasReport, nowMs: number) => number,
): CaptureGauge {
  const read = (states: readonly FollowedState[], nowMs: number): Reading[] =>
    states.flatMap(({ name: capture, report }) =>
      report.canvases.map((canvas) => ({
        labels: { capture, canvas: String(canvas.canvas) },
        value: value(canvas, nowMs),
      })),
    )
  return { name, help, read }
}

/** None while no database is open, or it does not answer. */
export async function jobReadings({ captures, jobs }: HttpServices): Promise<Reading[]> {
  if (!captures.usesTables) return []
  try {
    return [...(await jobs.counts())].flatMap(([kind, counts]) =>
      Object.entries(counts).map(([state, value]) => ({ labels: { kind, state }, value })),
    )
  } catch {
    // It is said where jobs are asked for; the other metrics are wanted now more than ever.
    return []
  }
}
