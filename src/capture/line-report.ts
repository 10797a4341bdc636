import type { Gaps } from './gaps.ts'
import type { CanvasCounts } from './place/chain.ts'
import type { Began } from './records.ts'
import type { CanvasReport, CaptureReport } from './report.ts'

const NO_COUNTS: CanvasCounts = {
  fulls: 0,
  diffs: 0,
  duplicates: 0,
  stored: 0,
  storedBytes: 0,
  missing: 0,
  late: 0,
  applied: 0,
  cells: 0,
  rebased: 0,
  answered: 0,
  unasked: 0,
}
const NO_LAG = { p50Ms: 0, p99Ms: 0 }

/** What a fold of a source knows that tells everything in one line. */
interface Told {
  readonly position: number
  readonly began: Began | undefined
  readonly beganMs: number
  readonly counts: Pick<
    CaptureReport['counts'],
    'messages' | 'bytes' | 'others' | 'opened' | 'starts' | 'closed'
  >
}

interface LineTold {
  readonly connections: number
  readonly lastId: string | undefined
  readonly lastMs: number | undefined
  readonly counts: Partial<CanvasCounts>
  readonly waiting?: number
  readonly dx?: number
  readonly dy?: number
  readonly messageLag?: CanvasReport['messageLag']
  readonly boardLag?: CanvasReport['boardLag']
}

/**
 * The report of a feed or of another Spate, in the words of that of an r/place: it has one canvas, whose diffs are the
 * messages that had an id, and whose last frame is the last of these. Its coverage is in the time of arrival.
 */
export function lineReport(
  name: string,
  { position, began, beganMs, counts }: Told,
  gaps: Gaps,
  line: LineTold,
): CaptureReport {
  const coverage = gaps.report()
  const { seen, holes } = coverage
  const seenMs = seen === undefined ? 0 : seen.toMs - seen.fromMs
  const holeMs = holes.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const { messages, bytes, others, opened, starts, closed } = counts
  const { lastId, lastMs } = line
  const canvas: CanvasReport = {
    ...coverage,
    canvas: 0,
    dx: line.dx ?? 0,
    dy: line.dy ?? 0,
    coveredShare: seenMs === 0 ? 1 : 1 - holeMs / seenMs,
    holeMs,
    waiting: line.waiting ?? 0,
    openAsks: 0,
    connections: line.connections,
    lastFrame: lastId === undefined || lastMs === undefined ? null : { url: lastId, arrivedMs: lastMs },
    messageLag: line.messageLag ?? NO_LAG,
    boardLag: line.boardLag ?? NO_LAG,
    counts: { ...NO_COUNTS, ...line.counts },
  }
  return {
    name,
    source: began?.source ?? '',
    beganMs,
    position,
    counts: { messages, bytes, others, opened, starts, closed },
    unknownColors: [],
    canvases: began === undefined ? [] : [canvas],
  }
}
