import assert from 'node:assert/strict'
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import type { SocketLike } from '../../src/client/live-socket.ts'
import type { Sink } from '../../src/live/format.ts'
import { MAX_BUFFERED_BYTES } from '../../src/live/viewer.ts'
import { payloadOf } from '../support/live.ts'

/** What the server's end of a connection tells the server. */
export interface ServerEnd {
  message(bytes: Uint8Array): void
  drained(): void
  closed(): void
}

export interface Link {
  /** One way. */
  readonly latencyMs: number
  /** What the connection carries, or 0 for whatever is written. */
  readonly bytesPerMs: number
  /** Whether the transport tells that it drained. */
  readonly tellsDrain: boolean
}

export function randomLink(random: Random): Link {
  return {
    latencyMs: random.below(80),
    bytesPerMs: random.pick([0, 0, 5, 50, 1000]),
    tellsDrain: random.chance(0.7),
  }
}

/**
 * A connection between a client and a server: messages take time, those of one direction keep their order, and
 * what the client does not take is held by the server.
 */
export class SimConnection {
  readonly #clock: Clock
  link: Link
  #server: ServerEnd | undefined
  readonly #held: Uint8Array[] = []
  #heldBytes = 0
  #ballastBytes = 0
  #sending = false
  #stalled = false
  #downAtMs = 0
  #upAtMs = 0
  /** Messages that have left and not arrived. */
  #underWay = 0
  #isOpen = true
  /** The most that the server ever held. */
  mostHeldBytes = 0

  constructor(clock: Clock, link: Link) {
    this.#clock = clock
    this.link = link
  }

  /** Calls the server as soon as the client's request arrives there; undefined when nobody answers. */
  open(accept: () => ServerEnd | undefined): void {
    this.#after('up', () => {
      if (!this.#isOpen) return
      this.#server = accept()
      if (this.#server === undefined) this.kill()
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isQuiet(): boolean {
    return !this.#isOpen || (this.#heldBytes === 0 && this.#underWay === 0 && !this.#sending)
  }

  readonly socket: SocketLike = {
    binaryType: 'blob',
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: (data) => {
      if (this.#isOpen) this.#after('up', () => this.#server?.message(data))
    },
    // The server hears of it a little later; what it sends meanwhile is lost.
    close: () => {
      if (!this.#isOpen) return
      this.#isOpen = false
      this.#after('up', () => this.#end())
    },
  }

  readonly sink: Sink = {
    write: (bytes) => {
      if (!this.#isOpen) return
      if (!this.#stalled && !this.#sending && this.#held.length === 0) {
        this.#send(bytes)
        return
      }
      this.#held.push(bytes)
      this.#heldBytes += bytes.length
      this.mostHeldBytes = Math.max(this.mostHeldBytes, this.#heldBytes)
      assert.ok(this.#heldBytes <= MAX_BUFFERED_BYTES, `the server holds ${this.#heldBytes} bytes`)
    },
    bufferedBytes: () => this.#heldBytes,
    close: () => {
      if (!this.#isOpen) return
      this.#after('down', () => this.kill())
    },
  }

  /** @param heldBytes what the server holds already, so that little more fits */
  stall(heldBytes: number): void {
    if (this.#stalled || this.#server === undefined) return
    this.#stalled = true
    this.#ballastBytes = Math.min(heldBytes, MAX_BUFFERED_BYTES - this.#heldBytes)
    this.#heldBytes += this.#ballastBytes
  }

  resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#heldBytes -= this.#ballastBytes
    this.#ballastBytes = 0
    if (this.#heldBytes === 0 && this.link.tellsDrain) this.#server?.drained()
    this.#pump()
  }

  /** Both ends find the connection gone; what was under way is lost. */
  kill(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#end()
    // A close event; nothing of it is read.
    this.#clock.after(0, () => this.socket.onclose?.(undefined as never))
  }

  #end(): void {
    this.#held.length = 0
    this.#heldBytes = 0
    this.#ballastBytes = 0
    this.#server?.closed()
    this.#server = undefined
  }

  #pump(): void {
    if (this.#stalled || this.#sending || !this.#isOpen) return
    const bytes = this.#held.shift()
    if (bytes === undefined) return
    this.#heldBytes -= bytes.length
    this.#send(bytes)
  }

  #send(bytes: Uint8Array): void {
    this.#sending = true
    const { bytesPerMs } = this.link
    const sent = (): void => {
      this.#sending = false
      this.#after('down', () => this.#arrive(bytes))
      const wasHolding = this.#heldBytes > 0
      this.#pump()
      if (wasHolding && this.#heldBytes === 0 && this.link.tellsDrain) this.#server?.drained()
    }
    if (bytesPerMs === 0) sent()
    else this.#clock.after(bytes.length / bytesPerMs, sent)
  }

  #arrive(frame: Uint8Array): void {
    if (!this.#isOpen) return
    this.socket.onmessage?.({ data: payloadOf(frame).slice().buffer })
  }

  /** After the link's latency, and after all that left before in the same direction. */
  #after(way: 'up' | 'down', task: () => void): void {
    const nowMs = this.#clock.elapsedMs()
    const lastMs = way === 'up' ? this.#upAtMs : this.#downAtMs
    const atMs = Math.max(lastMs, nowMs + this.link.latencyMs)
    if (way === 'up') this.#upAtMs = atMs
    else this.#downAtMs = atMs
    this.#underWay += 1
    this.#clock.after(atMs - nowMs, () => {
      this.#underWay -= 1
      task()
    })
  }
}
