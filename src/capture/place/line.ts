import { backoffMs } from '../../base/backoff.ts'
import { messageOf } from '../../base/errors.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type CloseCause } from '../records.ts'
import { Connection, type ConnectionEnd, type ConnectionPlan, type ConnectionServices } from './connection.ts'
import type { PlaceSettings } from './settings.ts'
import type { TokenPage } from './token.ts'

export interface LineServices extends ConnectionServices {
  readonly recorder: Pick<Recorder, 'message' | 'now' | 'room'>
  readonly random: () => number
  readonly tokens: TokenPage
  readonly settings: PlaceSettings
  readonly nextConnection: () => number
}

export interface LineEvents {
  readonly onReady?: (connection: Connection) => void
  readonly onData?: (id: string, text: string) => void
  readonly onComplete?: (id: string) => void
  /** Between two connections. */
  readonly onDown?: (end: ConnectionEnd) => void
}

export type LinePlan = Pick<ConnectionPlan, 'channel' | 'url' | 'subscription' | 'silenceMs' | 'quietMs'>

/**
 * Keeps one connection open, for ever: whatever ends one, another follows after a wait that is random up to a bound,
 * which doubles with every connection that did not live long. A token that was refused is read anew; a wish for a later
 * attempt is granted. Each end is in the stream with its cause.
 */
export class Line {
  readonly #services: LineServices
  readonly #plan: LinePlan
  readonly #events: LineEvents
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #connection: Connection | undefined
  #offersNone = false

  constructor(services: LineServices, plan: LinePlan, events: LineEvents = {}) {
    this.#services = services
    this.#plan = plan
    this.#events = events
    this.#running = this.#run()
  }

  get connection(): Connection | undefined {
    return this.#connection
  }

  async #run(): Promise<void> {
    const { settings, clock, random, recorder } = this.#services
    let failures = 0
    while (!this.#stop.signal.aborted) {
      await recorder.room
      const beganMs = clock.elapsedMs()
      const end = await this.#attempt()
      if (this.#stop.signal.aborted) return
      this.#events.onDown?.(end)
      // A server that chooses none may end the handshake of a client that offers some.
      if (end.cause === 'unreachable' && /subprotocol/i.test(end.detail)) this.#offersNone = !this.#offersNone
      failures = clock.elapsedMs() - beganMs >= settings.stableMs ? 1 : failures + 1
      const waitMs = backoffMs(failures, settings.retryFirstMs, settings.retryMostMs, random())
      await this.#wait(Math.max(waitMs, Math.min(end.retryAfterMs, MAX_RETRY_AFTER_MS)))
    }
  }

  async #attempt(): Promise<ConnectionEnd> {
    const { tokens, nextConnection } = this.#services
    const connection = nextConnection()
    let token: string | null
    try {
      token = await tokens.token(this.#stop.signal)
    } catch (error) {
      return this.#notOpened(connection, 'unauthorized', messageOf(error))
    }
    if (this.#stop.signal.aborted) return { cause: 'stopped', detail: '', retryAfterMs: 0 }
    const end = await this.#connect(connection, token)
    if (end.cause === 'unauthorized') tokens.refused(token)
    return end
  }

  async #notOpened(connection: number, cause: CloseCause, detail: string): Promise<ConnectionEnd> {
    const body = { connection, channel: this.#plan.channel, cause, detail }
    await this.#services.recorder.now({ type: CaptureRecordType.closed, body }).catch(() => {})
    return { cause, detail, retryAfterMs: 0 }
  }

  async #connect(number: number, token: string | null): Promise<ConnectionEnd> {
    const { settings } = this.#services
    const { onReady, onData, onComplete } = this.#events
    const ended = Promise.withResolvers<ConnectionEnd>()
    const { headers, connectMs, acknowledgeMs } = settings
    const subprotocols = this.#offersNone ? [] : settings.subprotocols
    const own = { connection: number, subprotocols, headers, token, connectMs, acknowledgeMs }
    const connection = new Connection(
      this.#services,
      { ...this.#plan, ...own },
      {
        onReady: () => onReady?.(connection),
        onData: (id, text) => onData?.(id, text),
        onComplete: (id) => onComplete?.(id),
        onEnd: ended.resolve,
      },
    )
    this.#connection = connection
    const end = await ended.promise
    this.#connection = undefined
    return end
  }

  async #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#services.clock.after(ms, resolve)
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    cancel()
  }

  /** Resolves when its connection's end is in the stream. */
  async close(cause: CloseCause): Promise<void> {
    this.#stop.abort()
    this.#connection?.end(cause)
    await this.#running
  }
}

const MAX_RETRY_AFTER_MS = 600_000
