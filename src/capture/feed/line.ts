import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { causeOfCode, causeOfStatus } from '../place/dialect.ts'
import type { SocketEnd } from '../place/socket.ts'
import { Watchdog } from '../place/watchdog.ts'
import type { Recorder } from '../recorder.ts'
import { CaptureRecordType, type CloseCause } from '../records.ts'
import { pause } from '../room.ts'
import type { EndFeed, FeedEvents } from './transport.ts'

const CHANNEL = 0
const MAX_RETRY_AFTER_MS = 600_000

export interface FeedLineServices {
  readonly recorder: Pick<Recorder, 'message' | 'now' | 'room'>
  readonly clock: Clock
  readonly random: () => number
  readonly nextConnection: () => number
  /** Opens one, to go on after what was kept last. */
  readonly open: (events: FeedEvents) => EndFeed
  /** A message is durable. */
  readonly onKept: (bytes: Uint8Array) => void
}

export interface FeedPatience {
  readonly connectMs: number
  readonly silenceMs: number
  readonly retryFirstMs: number
  readonly retryMostMs: number
  readonly stableMs: number
}

interface End {
  readonly cause: CloseCause
  readonly detail: string
  readonly retryAfterMs: number
}

/**
 * Keeps one connection to a feed open, for ever, and every message that comes. Whatever ends one, another follows after a
 * wait that is random up to a bound, which doubles with every connection that did not live long. The next one is opened
 * once all that the last one brought is durable, so that it goes on after that and nothing else.
 */
export class FeedLine {
  readonly #services: FeedLineServices
  readonly #patience: FeedPatience
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #end: ((end: End) => void) | undefined

  constructor(services: FeedLineServices, patience: FeedPatience) {
    this.#services = services
    this.#patience = patience
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const { recorder, clock, random } = this.#services
    const { retryFirstMs, retryMostMs, stableMs } = this.#patience
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      await recorder.room
      const beganMs = clock.elapsedMs()
      const { retryAfterMs } = await this.#connect()
      if (signal.aborted) return
      failures = clock.elapsedMs() - beganMs >= stableMs ? 1 : failures + 1
      const waitMs = backoffMs(failures, retryFirstMs, retryMostMs, random())
      await pause(clock, Math.max(waitMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)), signal)
    }
  }

  /** Resolves when its end is in the stream. */
  async #connect(): Promise<End> {
    const { recorder, clock, open, onKept, nextConnection } = this.#services
    const { connectMs, silenceMs } = this.#patience
    const connection = nextConnection()
    const ended = Promise.withResolvers<End>()
    const stop = (cause: CloseCause, detail: string): void =>
      ended.resolve({ cause, detail, retryAfterMs: 0 })
    this.#end = ended.resolve
    let watch = new Watchdog(clock, connectMs, () => stop('unreachable', `no connection for ${connectMs} ms`))
    let isOver = false
    const endFeed = open({
      onOpen: (subprotocol) => {
        const body = { connection, channel: CHANNEL, subprotocol }
        recorder.now({ type: CaptureRecordType.opened, body }).catch(() => {})
        watch.stop()
        watch = new Watchdog(clock, silenceMs, () => stop('silent', `nothing for ${silenceMs} ms`))
      },
      onSign: () => watch.feed(),
      onMessage: (bytes, isBinary) => {
        if (isOver) return
        const arrivedMs = clock.now()
        const kept = recorder.message({ connection, channel: CHANNEL, isBinary, arrivedMs, bytes })
        if (kept === undefined) {
          isOver = true
          stop('no-room', `a message of ${bytes.length} bytes`)
        } else {
          kept.then(
            () => onKept(bytes),
            () => stop('stopped', 'nothing more is recorded'),
          )
        }
      },
      onEnd: (end) => ended.resolve(endOf(end)),
    })
    if (this.#stop.signal.aborted) stop('stopped', '')
    const end = await ended.promise
    isOver = true
    watch.stop()
    endFeed()
    this.#end = undefined
    const body = { connection, channel: CHANNEL, cause: end.cause, detail: end.detail }
    // After all that it brought.
    await recorder.now({ type: CaptureRecordType.closed, body }).catch(() => {})
    return end
  }

  /** Resolves when its connection's end is in the stream. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#end?.({ cause: 'stopped', detail: '', retryAfterMs: 0 })
    await this.#running
  }
}

function endOf(end: SocketEnd): End {
  switch (end.kind) {
    case 'closed':
      return { cause: causeOfCode(end.code), detail: `${end.code} ${end.detail}`, retryAfterMs: 0 }
    case 'refused': {
      const { status, retryAfterMs } = end
      return { cause: causeOfStatus(status), detail: `HTTP ${status}`, retryAfterMs }
    }
    case 'unreachable':
      return { cause: 'unreachable', detail: end.detail, retryAfterMs: 0 }
  }
}
