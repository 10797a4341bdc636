/** What the server answers about captures, as far as the page shows it. */

export interface Interval {
  readonly fromMs: number
  readonly toMs: number
}

export interface Hole extends Interval {
  readonly causes: readonly string[]
}

export interface LagOf {
  readonly p50Ms: number
  readonly p99Ms: number
}

interface CanvasTotals {
  readonly canvas: number
  readonly dx: number
  readonly dy: number
  /** Absent where nothing was. */
  readonly seen?: Interval
  /** 0 to 1. */
  readonly coveredShare: number
  readonly holeMs: number
  readonly waiting: number
  readonly openAsks: number
  readonly connections: number
  readonly lastFrame: { readonly url: string; readonly arrivedMs: number } | null
  readonly messageLag: LagOf
  readonly boardLag: LagOf
  readonly counts: Readonly<Record<string, number>>
}

export interface CanvasAnswer extends CanvasTotals {
  readonly holes: readonly Hole[]
}

interface ReportAnswer<Canvas> {
  readonly source: string
  readonly beganMs: number
  readonly position: number
  readonly counts: { readonly messages: number; readonly bytes: number }
  readonly unknownColors: readonly string[]
  readonly canvases: readonly Canvas[]
}

export type State = 'following' | 'connecting' | 'stopped' | 'ended'

interface CaptureAnswer<Canvas> {
  readonly name: string
  /** A feed has no board. */
  readonly kind: 'place' | 'spate' | 'feed'
  readonly state: State
  readonly problem: string | null
  /** Null where this server does not follow it. */
  readonly waiting: {
    readonly downloads: number
    readonly asks: number
    readonly rawBytes: number
    readonly isStalled: boolean
  } | null
  readonly report: ReportAnswer<Canvas>
}

/** In the list holes are only counted. */
export type CaptureLine = CaptureAnswer<CanvasTotals & { readonly holes: number }>
export type Report = ReportAnswer<CanvasAnswer>
