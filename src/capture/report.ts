import type { CoverageReport } from './coverage.ts'
import type { CanvasCounts } from './place/chain.ts'
import type { CaptureCounts, CaptureFold } from './place/fold.ts'
import type { CaptureKind } from './records.ts'

export interface LagReport {
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface CanvasReport extends CoverageReport {
  readonly canvas: number
  readonly dx: number
  readonly dy: number
  /** Of what was seen, 0 to 1; 1 where nothing was. */
  readonly coveredShare: number
  readonly holeMs: number
  /** Frames that are neither on the board nor given up. */
  readonly waiting: number
  /** Applied frames of which not all authors are known. */
  readonly openAsks: number
  /** Connections that are open. */
  readonly connections: number
  readonly lastFrame: { readonly url: string; readonly arrivedMs: number } | null
  /** From the source's timestamp to the arrival of the message. */
  readonly messageLag: LagReport
  /** From the source's timestamp to the board. */
  readonly boardLag: LagReport
  readonly counts: Readonly<CanvasCounts>
}

export interface CaptureReport {
  readonly name: string
  readonly source: string
  readonly beganMs: number
  readonly position: number
  readonly counts: Readonly<CaptureCounts>
  /** Colours of frames that the board had to add, `#RRGGBB`. */
  readonly unknownColors: readonly string[]
  readonly canvases: readonly CanvasReport[]
}

/** What a capture can vouch for, and what not. */
export function captureReport(name: string, fold: CaptureFold): CaptureReport {
  const canvases = [...fold.chains.values()].sort((a, b) => a.index - b.index)
  return {
    name,
    source: fold.began?.source ?? '',
    beganMs: fold.beganMs,
    position: fold.position,
    counts: fold.counts,
    unknownColors: [...fold.unknownColors].map((rgb) => `#${rgb.toString(16).padStart(6, '0')}`),
    canvases: canvases.map((chain) => {
      const coverage = chain.report()
      const { seen, holes } = coverage
      const seenMs = seen === undefined ? 0 : seen.toMs - seen.fromMs
      const holeMs = holes.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
      return {
        ...coverage,
        canvas: chain.index,
        dx: chain.place.dx,
        dy: chain.place.dy,
        coveredShare: seenMs === 0 ? 1 : 1 - holeMs / seenMs,
        holeMs,
        waiting: chain.waiting.size,
        openAsks: chain.openAsks.size,
        connections: fold.openOn(chain.index),
        lastFrame: chain.lastUrl === '' ? null : { url: chain.lastUrl, arrivedMs: chain.lastArrivedMs },
        messageLag: { p50Ms: chain.messageLag.quantile(0.5), p99Ms: chain.messageLag.quantile(0.99) },
        boardLag: { p50Ms: chain.boardLag.quantile(0.5), p99Ms: chain.boardLag.quantile(0.99) },
        counts: { ...chain.counts },
      }
    }),
  }
}

/** Holes named one by one at most; those beyond are counted. */
const HOLES_SHOWN = 100

/** The report for people: times in UTC to the millisecond. */
export function reportText(
  { name, source, counts, unknownColors, canvases }: CaptureReport,
  kind: CaptureKind,
): string {
  const lines = [
    `capture ${name} of ${source}`,
    `${counts.messages} messages, ${counts.bytes} bytes; ${counts.opened} connections, ended: ${causesText(counts.closed)}`,
  ]
  if (unknownColors.length > 0) lines.push(`colours that the source did not name: ${unknownColors.join(' ')}`)
  for (const canvas of canvases) {
    lines.push('', `${titleOf(canvas, kind)}: ${coverageText(canvas)}`)
    if (canvas.seen !== undefined) {
      lines.push(`  seen ${moment(canvas.seen.fromMs)} to ${moment(canvas.seen.toMs)}`)
    }
    lines.push(...countLines(canvas, kind), ...holeLines(canvas))
  }
  return `${lines.join('\n')}\n`
}

function titleOf({ canvas, dx, dy }: CanvasReport, kind: CaptureKind): string {
  if (kind === 'feed') return 'feed'
  return `${kind === 'spate' ? 'board' : `canvas ${canvas}`} at ${dx},${dy}`
}

function coverageText({ seen, coveredShare, holes, holeMs }: CanvasReport): string {
  if (seen === undefined) return 'nothing seen yet'
  return `${percent(coveredShare)} covered, ${holes.length} holes of ${holeMs} ms`
}

function countLines(
  { counts, waiting, messageLag, boardLag, lastFrame }: CanvasReport,
  kind: CaptureKind,
): string[] {
  if (kind === 'feed') {
    const last = lastFrame === null ? '' : `; the last is ${JSON.stringify(lastFrame.url)}`
    return [
      `  ${counts.diffs} messages with an id, ${counts.duplicates} twice, ${counts.missing} missing by their ids${last}`,
    ]
  }
  const lag = `  lag of messages ${lagText(messageLag)}, of the board ${lagText(boardLag)}`
  if (kind === 'spate') return [`  ${counts.cells} cells painted, each by its author`, lag]
  return [
    `  ${counts.diffs} diffs, ${counts.fulls} full frames, ${counts.duplicates} twice; ${counts.stored} stored, ${counts.missing} missing, ${counts.late} late, ${waiting} waiting`,
    `  ${counts.cells} cells painted; authors: ${counts.answered} answered, ${counts.unasked} not asked for`,
    lag,
  ]
}

function holeLines({ holes }: CanvasReport): string[] {
  const lines = holes
    .slice(0, HOLES_SHOWN)
    .map(
      ({ fromMs, toMs, causes }) =>
        `  hole ${moment(fromMs)} to ${moment(toMs)} (${toMs - fromMs} ms): ${causes.join(', ')}`,
    )
  if (holes.length > HOLES_SHOWN) lines.push(`  and ${holes.length - HOLES_SHOWN} more holes`)
  return lines
}

function causesText(closed: Readonly<Record<string, number>>): string {
  const entries = Object.entries(closed)
  return entries.length === 0 ? 'none' : entries.map(([cause, count]) => `${count} ${cause}`).join(', ')
}

function lagText({ p50Ms, p99Ms }: LagReport): string {
  return `p50 ${p50Ms} ms, p99 ${p99Ms} ms`
}

export function moment(ms: number): string {
  return new Date(ms).toISOString()
}

/** Rounded down, so that a hole never shows as 100 %. */
export function percent(share: number): string {
  return `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`
}
