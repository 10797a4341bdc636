import { type Signal, signal } from '@preact/signals'
import { systemClock } from '../../../src/base/clock.ts'
import { Api } from '../../../src/client/api.ts'
import { reconnectDelayMs } from '../../../src/client/backoff.ts'
import { sentenceOf } from '../words/problems.ts'
import type { CaptureLine, Report } from './answers.ts'
import { type Rates, ratesOf, type Sample, withSample } from './rates.ts'

/** A capture as the page shows it. */
export interface Shown {
  readonly line: CaptureLine
  /** With each hole; undefined until it was asked for. */
  readonly report: Report | undefined
  readonly rates: Rates | undefined
  /** Of the board's image. */
  readonly imageAtMs: number
}

const LOOK_MS = 2000
/** Holes and images are asked for no more often. */
const BESIDE_MS = 8000

/**
 * All captures, asked for every two seconds while the page is looked at. Holes are asked for when a capture has moved.
 * While the server is away what was known stays, and it is asked again, less and less often.
 */
export class CapturesPage {
  readonly captures: Signal<readonly Shown[] | undefined> = signal(undefined)
  readonly status: Signal<'connecting' | 'live' | 'waiting'> = signal('connecting')
  /** Why the server does not answer now. */
  readonly away: Signal<string | undefined> = signal(undefined)
  /** Of the last answer. */
  readonly nowMs: Signal<number> = signal(Date.now())
  readonly #api: Api
  readonly #samples = new Map<string, readonly Sample[]>()
  readonly #besideAtMs = new Map<string, number>()
  #failures = 0
  #cancel: (() => void) | undefined
  #isLooking = false

  constructor(origin: string) {
    this.#api = new Api({ baseUrl: origin })
  }

  start(): void {
    addEventListener('online', () => this.lookNow())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.lookNow()
    })
    this.lookNow()
  }

  /** Ends a wait. */
  lookNow(): void {
    if (!this.#isLooking) void this.#look()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    this.#cancel?.()
    try {
      const { captures } = await this.#api.json<{ captures: CaptureLine[] }>('GET', '/api/captures')
      const known = new Map(this.captures.peek()?.map((shown) => [shown.line.name, shown]))
      const shown: Shown[] = []
      for (const line of captures) shown.push(await this.#shown(line, known.get(line.name)))
      this.captures.value = shown
      this.nowMs.value = Date.now()
      this.status.value = 'live'
      this.away.value = undefined
      this.#failures = 0
    } catch (error) {
      this.#failures += 1
      this.status.value = 'waiting'
      this.away.value = sentenceOf(error)
    } finally {
      this.#isLooking = false
    }
    if (document.visibilityState !== 'visible') return
    const waitMs = this.#failures === 0 ? LOOK_MS : reconnectDelayMs(this.#failures, Math.random())
    this.#cancel = systemClock.after(waitMs, () => this.lookNow())
  }

  async #shown(line: CaptureLine, before: Shown | undefined): Promise<Shown> {
    const { name, report } = line
    const nowMs = Date.now()
    const frames = report.canvases.reduce((sum, { counts }) => sum + (counts.applied ?? 0), 0)
    const sample = { atMs: nowMs, messages: report.counts.messages, frames }
    const samples = withSample(this.#samples.get(name) ?? [], sample)
    this.#samples.set(name, samples)
    const rates = ratesOf(samples)
    const isMoved = before?.report?.position !== report.position
    const isDue = nowMs - (this.#besideAtMs.get(name) ?? 0) >= BESIDE_MS
    if (before !== undefined && !(isMoved && isDue)) return { ...before, line, rates }
    this.#besideAtMs.set(name, nowMs)
    const path = `/api/captures/${encodeURIComponent(name)}/report`
    return { line, rates, report: await this.#api.json<Report>('GET', path), imageAtMs: nowMs }
  }
}
