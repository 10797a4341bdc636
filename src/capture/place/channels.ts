import { backoffMs } from '../../base/backoff.ts'
import { CONFIG_CHANNEL } from '../records.ts'
import { subscriptionTo } from './dialect.ts'
import { Line, type LinePlan, type LineServices } from './line.ts'
import { type PlaceConfig, placeMessageOf } from './messages.ts'

interface CanvasLines {
  readonly lines: readonly Line[]
  /** Opened for one full frame. */
  refresh: Line | undefined
  cancelRefresh: () => void
  refreshes: number
  notBeforeMs: number
  cancelTimer: () => void
}

/**
 * The connections of a source: one for its configuration, and for each canvas that this names several, so that what one
 * misses another brings. A canvas that the configuration no longer names is left. A full frame comes first on every
 * subscription, so who needs one opens another connection, which ends once it came; one to which it does not come is silent,
 * whatever else comes.
 */
export class Channels {
  readonly #services: LineServices
  readonly #config: Line
  readonly #canvases = new Map<number, CanvasLines>()
  readonly #ending = new Set<Promise<void>>()

  constructor(services: LineServices) {
    this.#services = services
    const { teamOwner, configCategory, queryUrl, configSilenceMs } = services.settings
    const subscription = subscriptionTo(configCategory, teamOwner, undefined)
    const plan = { channel: CONFIG_CHANNEL, url: queryUrl, subscription, quietMs: 0 }
    this.#config = new Line(services, { ...plan, silenceMs: configSilenceMs })
  }

  follow({ canvases }: PlaceConfig): void {
    const named = new Set(canvases.map(({ index }) => index))
    for (const [index, lines] of this.#canvases) {
      if (named.has(index)) continue
      this.#canvases.delete(index)
      this.#end(lines, 'unneeded')
    }
    for (const index of named) if (!this.#canvases.has(index)) this.#open(index)
  }

  #open(index: number): void {
    const { settings } = this.#services
    const lines = Array.from({ length: settings.lines }, () => new Line(this.#services, this.#planOf(index)))
    const canvas: CanvasLines = {
      lines,
      refresh: undefined,
      cancelRefresh: () => {},
      refreshes: 0,
      notBeforeMs: 0,
      cancelTimer: () => {},
    }
    this.#canvases.set(index, canvas)
    this.#armRefresh(index, canvas)
  }

  #planOf(index: number): LinePlan {
    const { teamOwner, canvasCategory, queryUrl, silenceMs, quietMs } = this.#services.settings
    const subscription = subscriptionTo(canvasCategory, teamOwner, String(index))
    return { channel: index, url: queryUrl, subscription, silenceMs, quietMs }
  }

  /** Not at the same time for all canvases. */
  #armRefresh(index: number, canvas: CanvasLines): void {
    const { clock, random, settings } = this.#services
    canvas.cancelTimer = clock.after(settings.refreshEveryMs * (0.5 + random()), () => {
      this.#refresh(index, canvas)
      this.#armRefresh(index, canvas)
    })
  }

  /** Asks for a full frame, less and less often while none makes the canvas whole. */
  repair(index: number): void {
    const canvas = this.#canvases.get(index)
    const { clock, random, settings } = this.#services
    if (canvas === undefined || canvas.refresh !== undefined || clock.elapsedMs() < canvas.notBeforeMs) return
    canvas.refreshes += 1
    const waitMs = backoffMs(
      canvas.refreshes,
      settings.retryFirstMs,
      settings.retryMostMs,
      (1 + random()) / 2,
    )
    canvas.notBeforeMs = clock.elapsedMs() + waitMs
    this.#refresh(index, canvas)
  }

  /** The canvas is whole. */
  repaired(index: number): void {
    const canvas = this.#canvases.get(index)
    if (canvas !== undefined) canvas.refreshes = 0
  }

  #refresh(index: number, canvas: CanvasLines): void {
    if (canvas.refresh !== undefined) return
    const { clock, settings } = this.#services
    const line = new Line(this.#services, this.#planOf(index), {
      onReady: (connection) => {
        if (settings.silenceMs === 0 || canvas.refresh !== line) return
        const why = `no full frame came within ${settings.silenceMs} ms`
        canvas.cancelRefresh = clock.after(settings.silenceMs, () => connection.end('silent', why))
      },
      onDown: () => canvas.cancelRefresh(),
      onData: (_id, text) => {
        if (placeMessageOf(text).kind !== 'full' || canvas.refresh !== line) return
        canvas.cancelRefresh()
        canvas.refresh = undefined
        this.#await(line.close('served'))
      },
    })
    canvas.refresh = line
  }

  #end({ lines, refresh, cancelTimer, cancelRefresh }: CanvasLines, cause: 'unneeded' | 'stopped'): void {
    cancelTimer()
    cancelRefresh()
    for (const line of lines) this.#await(line.close(cause))
    if (refresh !== undefined) this.#await(refresh.close(cause))
  }

  #await(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked))
    this.#ending.add(tracked)
  }

  async close(): Promise<void> {
    for (const canvas of this.#canvases.values()) this.#end(canvas, 'stopped')
    this.#canvases.clear()
    this.#await(this.#config.close('stopped'))
    await Promise.all(this.#ending)
  }
}
