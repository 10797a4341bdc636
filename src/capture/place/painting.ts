import { persist } from '../persist.ts'
import { Applier, type ApplierServices } from './applier.ts'
import type { Frame } from './chain.ts'
import type { CaptureFold } from './fold.ts'
import type { PlaceConfig } from './messages.ts'

/**
 * Makes the board what the source's configuration says, and has the frames of each canvas put on it. It begins with the
 * first frame, so that the board's time is the source's. What fails is tried again for as long as that can help;
 * `stopped` says why nothing more is painted.
 */
export class Painting {
  readonly #fold: CaptureFold
  readonly #services: ApplierServices
  readonly #appliers = new Map<number, Applier>()
  readonly #stop = new AbortController()
  #boardIs: PlaceConfig | undefined
  #configuring: Promise<void> | undefined
  #failure: unknown

  constructor(fold: CaptureFold, services: ApplierServices) {
    this.#fold = fold
    this.#services = services
  }

  /** Until the next start. */
  get stopped(): unknown {
    if (this.#failure !== undefined) return this.#failure
    for (const { stopped } of this.#appliers.values()) if (stopped !== undefined) return stopped
    return undefined
  }

  /** The fold has changed. @param fresh frames that it was told of meanwhile */
  wake(fresh: readonly Frame[]): void {
    for (const frame of fresh) this.#appliers.get(frame.canvas)?.offer(frame)
    if (this.#fold.config !== this.#boardIs && this.stopped === undefined) this.#configureBoard()
    for (const applier of this.#appliers.values()) applier.wake()
  }

  #configureBoard(): void {
    if (this.#configuring !== undefined || this.#firstFrameMs() === undefined) return
    this.#configuring = this.#configure().finally(() => {
      this.#configuring = undefined
      if (!this.#stop.signal.aborted) this.wake([])
    })
  }

  async #configure(): Promise<void> {
    const { clock, board } = this.#services
    const attempt = async (): Promise<void> => {
      const { config } = this.#fold
      if (config === undefined) return
      await board.configure(config, Math.min(clock.now(), this.#firstFrameMs() ?? clock.now()))
      this.#boardIs = config
      for (const { index } of config.canvases) this.#openApplier(index)
    }
    try {
      await persist(this.#services, this.#stop.signal, attempt)
    } catch (error) {
      this.#failure = error
    }
  }

  #firstFrameMs(): number | undefined {
    let firstMs: number | undefined
    for (const { coverage } of this.#fold.chains.values()) {
      const { seen } = coverage.report([])
      if (seen !== undefined) firstMs = Math.min(firstMs ?? seen.fromMs, seen.fromMs)
    }
    return firstMs
  }

  #openApplier(index: number): void {
    const chain = this.#fold.chains.get(index)
    if (this.#appliers.has(index) || chain === undefined || this.#stop.signal.aborted) return
    this.#appliers.set(index, new Applier(this.#services, chain))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all([
      this.#configuring,
      ...Array.from(this.#appliers.values(), (applier) => applier.close()),
    ])
  }
}
