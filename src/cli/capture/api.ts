import type { CaptureReport } from '../../capture/report.ts'
import type { Api } from '../../client/api.ts'

export interface CaptureInfo {
  readonly name: string
  readonly kind: 'place' | 'spate' | 'feed'
  readonly state: 'following' | 'connecting' | 'stopped' | 'ended'
  readonly problem: string | null
  readonly waiting: {
    readonly downloads: number
    readonly asks: number
    readonly rawBytes: number
    readonly isStalled: boolean
  } | null
  readonly report: CaptureReport
}

/** As in a list: holes are counted. */
export interface CaptureLine extends Omit<CaptureInfo, 'report'> {
  readonly report: Omit<CaptureReport, 'canvases'> & {
    readonly canvases: readonly (Omit<CaptureReport['canvases'][number], 'covered' | 'holes'> & {
      readonly holes: number
    })[]
  }
}

export function pathOf(name: string): string {
  return `/api/captures/${encodeURIComponent(name)}`
}

export function captureOf(api: Api, name: string): Promise<CaptureInfo> {
  return api.json('GET', pathOf(name))
}
