import { createHistogram } from 'node:perf_hooks'

const MAX_LATENCY_US = 10 * 60 * 1_000_000

/** What a crowd did and what came of it. */
export class Tally {
  sent = 0
  /** Edits that nobody was free to send. */
  unsent = 0
  /** Edits whose connection was lost before their answer. */
  lost = 0
  /** Answers by verdict, or by the code of a refusal. */
  readonly answers = new Map<string, number>()
  readonly #latency = createHistogram({ lowest: 1, highest: MAX_LATENCY_US, figures: 3 })
  frames = 0
  cells = 0
  stalls = 0

  answered(verdict: string, latencyMs: number): void {
    this.answers.set(verdict, (this.answers.get(verdict) ?? 0) + 1)
    this.#latency.record(Math.min(MAX_LATENCY_US, Math.max(1, Math.round(latencyMs * 1000))))
  }

  get accepted(): number {
    return (this.answers.get('accepted') ?? 0) + (this.answers.get('unchanged') ?? 0)
  }

  /** Of all answers, ms. */
  latencyMs(): { p50: number; p95: number; p99: number; max: number } | undefined {
    if (this.#latency.count === 0) return undefined
    const at = (percentile: number): number => this.#latency.percentile(percentile) / 1000
    return { p50: at(50), p95: at(95), p99: at(99), max: this.#latency.max / 1000 }
  }
}
