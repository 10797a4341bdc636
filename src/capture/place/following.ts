import type { Clock } from '../../base/clock.ts'
import type { Chain } from './chain.ts'
import { Channels } from './channels.ts'
import type { CaptureFold } from './fold.ts'
import type { LineServices } from './line.ts'
import type { PlaceConfig } from './messages.ts'

/** Between two changes of what is followed: a source that changes its mind with every message is heard this often. */
const CONFIG_EVERY_MS = 1000

/**
 * Follows the canvases that the configuration names, as the fold has it, and gives a full frame to those whose chain has
 * been broken for a while.
 */
export class Following {
  readonly #fold: CaptureFold
  readonly #clock: Clock
  readonly #breakMs: number
  readonly #channels: Channels
  #followed: PlaceConfig | undefined
  #followedAtMs = Number.NEGATIVE_INFINITY
  #cancelFollow: (() => void) | undefined
  #cancelCheck: (() => void) | undefined
  readonly #brokenSinceMs = new Map<number, number>()
  #isClosed = false

  constructor(fold: CaptureFold, services: LineServices) {
    this.#fold = fold
    this.#clock = services.clock
    this.#breakMs = services.settings.breakMs
    this.#channels = new Channels(services)
  }

  /** The fold has changed. */
  wake(): void {
    if (this.#isClosed) return
    if (this.#fold.config !== this.#followed) this.#cancelFollow ??= this.#followSoon()
    this.#cancelCheck ??= this.#clock.after(this.#breakMs, () => this.#check())
  }

  #followSoon(): (() => void) | undefined {
    const waitMs = this.#followedAtMs + CONFIG_EVERY_MS - this.#clock.elapsedMs()
    if (waitMs > 0) return this.#clock.after(Math.ceil(waitMs), () => this.#follow())
    this.#follow()
    return undefined
  }

  #follow(): void {
    this.#cancelFollow = undefined
    const { config } = this.#fold
    if (config === undefined) return
    this.#followed = config
    this.#followedAtMs = this.#clock.elapsedMs()
    this.#channels.follow(config)
  }

  #check(): void {
    this.#cancelCheck = undefined
    for (const { index } of this.#fold.config?.canvases ?? []) {
      const chain = this.#fold.chains.get(index)
      if (chain !== undefined) this.#checkOne(index, chain, this.#clock.elapsedMs())
    }
    if (this.#brokenSinceMs.size > 0) {
      this.#cancelCheck = this.#clock.after(this.#breakMs, () => this.#check())
    }
  }

  #checkOne(index: number, chain: Chain, nowMs: number): void {
    if (chain.isWhole || chain.counts.diffs + chain.counts.fulls === 0) {
      if (this.#brokenSinceMs.delete(index)) this.#channels.repaired(index)
      return
    }
    const sinceMs = this.#brokenSinceMs.get(index)
    if (sinceMs === undefined) this.#brokenSinceMs.set(index, nowMs)
    else if (nowMs - sinceMs >= this.#breakMs) this.#channels.repair(index)
  }

  /** Resolves when the connections' ends are in the stream. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelFollow?.()
    this.#cancelCheck?.()
    await this.#channels.close()
  }
}
