import type { SpateError } from '../base/errors.ts'
import { FeedRecorder } from './feed/feed-recorder.ts'
import { type CollectorServices, PlaceCollector } from './place/collector.ts'
import type { CellHistory } from './place/history.ts'
import type { CaptureReport } from './report.ts'
import { SpateFollower, type SpateServices } from './spate/follower.ts'
import { feedSettings, placeSettings, spateSettings, type WantedCapture } from './wanted.ts'

/** What follows a source, of whatever kind. */
export interface Collector extends AsyncDisposable {
  readonly name: string
  /** Why nothing more is captured. */
  readonly stopped: SpateError | undefined
  /** What is not heard now, and why; for the organiser, as it quotes the source. */
  readonly problem: string | null
  /** What is on its way: pictures, questions, bytes that are not durable yet; whether a disk or log is waited for. */
  readonly waiting: {
    readonly downloads: number
    readonly asks: number
    readonly rawBytes: number
    readonly isStalled: boolean
  }
  report(): CaptureReport
  onChange(listener: () => void): () => void
  /** Undefined: this kind of source cannot be asked. */
  askPixel?(x: number, y: number): Promise<CellHistory | undefined>
}

/** Follows what is wanted. Errors: those of the log and the stream, `invalid`. */
export async function openCollector(
  name: string,
  wanted: WantedCapture,
  services: CollectorServices & SpateServices,
): Promise<Collector> {
  switch (wanted.kind) {
    case 'place':
      return PlaceCollector.open(name, placeSettings(wanted), services)
    case 'feed':
      return FeedRecorder.open(name, feedSettings(wanted), services)
    case 'spate':
      return SpateFollower.open(name, spateSettings(wanted), services)
  }
}
