import type { Clock } from '../../base/clock.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type CloseCause } from '../records.ts'
import {
  causeOfCode,
  causeOfStatus,
  type Heard,
  heard,
  initText,
  type Operation,
  startText,
} from './dialect.ts'
import type { OpenSocket, SocketEnd, SourceSocket } from './socket.ts'
import { Watchdog } from './watchdog.ts'

/** Under which a connection's only subscription runs. */
const SUBSCRIPTION_ID = '1'
const decoder = new TextDecoder()

export interface ConnectionServices {
  readonly recorder: Pick<Recorder, 'message' | 'now'>
  readonly clock: Clock
  readonly openSocket: OpenSocket
}

export interface ConnectionPlan {
  readonly connection: number
  readonly channel: number
  readonly url: string
  readonly subprotocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly token: string | null
  /** Undefined: nothing is subscribed to; `ask` is used. */
  readonly subscription: Operation | undefined
  readonly connectMs: number
  readonly acknowledgeMs: number
  /** Without a message; 0: for ever. */
  readonly silenceMs: number
  /** Without data; 0: for ever. */
  readonly quietMs: number
}

export interface ConnectionEnd {
  readonly cause: CloseCause
  readonly detail: string
  /** The source's wish; 0 for none. */
  readonly retryAfterMs: number
}

export interface ConnectionEvents {
  /** The source took the connection, or says nothing against it. */
  readonly onReady?: () => void
  /** Durable by then. */
  readonly onData: (id: string, text: string) => void
  readonly onComplete?: (id: string) => void
  /** Once, by then durable or refused by the log. Nothing is heard afterwards. */
  readonly onEnd: (end: ConnectionEnd) => void
}

/**
 * One WebSocket of a source: connects, introduces itself, subscribes, hears.
 *
 * Raw first: what a message says is looked at once it is in the log, so nothing can be acted upon that is not kept.
 * Its arrival alone counts as a sign of life. A message for which there is no room ends the connection.
 */
export class Connection {
  readonly #services: ConnectionServices
  readonly #plan: ConnectionPlan
  readonly #events: ConnectionEvents
  readonly #socket: SourceSocket
  #subprotocol = ''
  #isReady = false
  #hasEnded = false
  #heard: Promise<void> = Promise.resolve()
  #silence: Watchdog
  #quiet: Watchdog | undefined
  #cancelStart: (() => void) | undefined

  constructor(services: ConnectionServices, plan: ConnectionPlan, events: ConnectionEvents) {
    this.#services = services
    this.#plan = plan
    this.#events = events
    const { url, subprotocols, token } = plan
    const headers = token === null ? plan.headers : { ...plan.headers, Authorization: `Bearer ${token}` }
    this.#silence = this.#watch(plan.connectMs, 'unreachable', 'no connection')
    this.#socket = services.openSocket(
      { url, subprotocols, headers },
      {
        onOpen: (subprotocol) => this.#open(subprotocol),
        onMessage: (bytes, isBinary) => this.#receive(bytes, isBinary),
        onEnd: (end) => this.#ended(end),
      },
    )
  }

  get isReady(): boolean {
    return this.#isReady && !this.#hasEnded
  }

  /** A query or mutation beside the subscription. Its answer is data of this id. */
  ask(id: string, operation: Operation): void {
    this.#socket.send(startText(this.#subprotocol, id, operation))
  }

  end(cause: CloseCause, detail = ''): void {
    if (this.#hasEnded) return
    this.#socket.end()
    this.#finish({ cause, detail, retryAfterMs: 0 })
  }

  #open(subprotocol: string): void {
    const { connection, channel, token, acknowledgeMs, silenceMs, quietMs } = this.#plan
    this.#subprotocol = subprotocol
    const record = { type: CaptureRecordType.opened, body: { connection, channel, subprotocol } }
    this.#services.recorder.now(record).catch(() => {})
    this.#silence.stop()
    this.#silence = this.#watch(silenceMs, 'silent', 'no message')
    this.#quiet = this.#watch(quietMs, 'silent', 'no data')
    this.#socket.send(initText(token))
    this.#cancelStart = this.#services.clock.after(acknowledgeMs, () => this.#ready())
  }

  #ready(): void {
    if (this.#isReady || this.#hasEnded) return
    this.#isReady = true
    this.#cancelStart?.()
    const { subscription } = this.#plan
    if (subscription !== undefined) this.ask(SUBSCRIPTION_ID, subscription)
    this.#events.onReady?.()
  }

  #receive(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#hasEnded) return
    this.#silence.feed()
    const { connection, channel } = this.#plan
    const arrivedMs = this.#services.clock.now()
    const recorded = this.#services.recorder.message({ connection, channel, isBinary, arrivedMs, bytes })
    if (recorded === undefined) {
      this.end('no-room', `a message of ${bytes.length} bytes`)
      return
    }
    // In the order in which they came: the recorder resolves them so.
    this.#heard = recorded.then(
      () => this.#hear(decoder.decode(bytes)),
      () => this.end('stopped', 'nothing more is recorded'),
    )
  }

  #hear(text: string): void {
    if (this.#hasEnded) return
    const message: Heard = heard(text)
    switch (message.kind) {
      case 'acknowledged':
        this.#ready()
        return
      case 'ping':
        this.#socket.send(message.answer)
        return
      case 'data':
        this.#quiet?.feed()
        this.#events.onData(message.id, text)
        return
      case 'complete':
        if (message.id === SUBSCRIPTION_ID && this.#plan.subscription !== undefined) this.end('complete')
        else this.#events.onComplete?.(message.id)
        return
      case 'refused':
        this.end(message.cause, message.detail)
        return
      case 'other':
        return
    }
  }

  #ended(end: SocketEnd): void {
    switch (end.kind) {
      case 'closed': {
        // What came before is heard first: a refusal in words says more than a code.
        const lost = { cause: causeOfCode(end.code), detail: `${end.code} ${end.detail}`, retryAfterMs: 0 }
        void this.#heard.then(() => this.#finish(lost))
        return
      }
      case 'refused': {
        const { status, retryAfterMs } = end
        this.#finish({ cause: causeOfStatus(status), detail: `HTTP ${status}`, retryAfterMs })
        return
      }
      case 'unreachable':
        this.#finish({ cause: 'unreachable', detail: end.detail, retryAfterMs: 0 })
        return
    }
  }

  #finish(end: ConnectionEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#silence.stop()
    this.#quiet?.stop()
    this.#cancelStart?.()
    const { connection, channel } = this.#plan
    const { cause, detail } = end
    const record = { type: CaptureRecordType.closed, body: { connection, channel, cause, detail } }
    const told = (): void => this.#events.onEnd(end)
    this.#services.recorder.now(record).then(told, told)
  }

  #watch(ms: number, cause: CloseCause, detail: string): Watchdog {
    return new Watchdog(this.#services.clock, ms, () => this.end(cause, `${detail} for ${ms} ms`))
  }
}
