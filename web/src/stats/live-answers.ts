import type { Clock } from '../../../src/base/clock.ts'
import { reconnectDelayMs } from '../../../src/client/backoff.ts'

/** What an EventSource tells. */
export interface SourceEvents {
  readonly onOpen: () => void
  readonly onMessage: (data: string) => void
  readonly onError: () => void
}

export interface LiveAnswersOptions {
  readonly open: (events: SourceEvents) => { close(): void }
  readonly clock: Clock
  readonly random: () => number
  readonly onAnswer: (text: string) => void
  /** Heard from, or not any more. */
  readonly onStatus: (status: 'live' | 'waiting') => void
}

/**
 * A stream of server-sent events that is opened again whenever it ends, with growing pauses. (Browsers do so after a
 * broken connection, but give up after any refusal, as a server makes one while it starts.)
 */
export class LiveAnswers implements Disposable {
  readonly #options: LiveAnswersOptions
  #source: { close(): void } | undefined
  /** Which source is listened to: one that was left is not heard of again. */
  #turn = 0
  #failures = 0
  #cancel: (() => void) | undefined
  #isOver = false

  constructor(options: LiveAnswersOptions) {
    this.#options = options
    this.#open()
  }

  /** Ends a wait. */
  retryNow(): void {
    if (this.#source === undefined && !this.#isOver) this.#open()
  }

  #open(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#turn += 1
    const turn = this.#turn
    const whileOpen =
      <T extends readonly unknown[]>(task: (...told: T) => void) =>
      (...told: T): void => {
        if (turn === this.#turn) task(...told)
      }
    this.#source = this.#options.open({
      onOpen: whileOpen(() => this.#heard()),
      onMessage: whileOpen((data: string) => {
        this.#heard()
        this.#options.onAnswer(data)
      }),
      onError: whileOpen(() => this.#lose()),
    })
  }

  #heard(): void {
    this.#failures = 0
    this.#options.onStatus('live')
  }

  #lose(): void {
    this.#leave()
    this.#failures += 1
    this.#options.onStatus('waiting')
    const { clock, random } = this.#options
    this.#cancel = clock.after(reconnectDelayMs(this.#failures, random()), () => this.#open())
  }

  #leave(): void {
    this.#turn += 1
    this.#source?.close()
    this.#source = undefined
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#cancel?.()
    this.#leave()
  }
}

/** As browsers have it. */
export function openEventSource(
  path: string,
  { onOpen, onMessage, onError }: SourceEvents,
): { close(): void } {
  const source = new EventSource(path)
  source.onopen = onOpen
  source.onmessage = ({ data }) => onMessage(String(data))
  source.onerror = onError
  return source
}
