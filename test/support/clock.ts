import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/base/clock.ts'
import { T0 } from './boards.ts'

/** Turns of the event loop after which all that can happen without time passing has happened. */
const TURNS = 6

interface Timer {
  readonly dueMs: number
  readonly task: () => void
}

/** Time that stands until it is advanced. Timers run in the order in which they are due, then in which they were set. */
export class ManualClock implements Clock {
  #elapsedMs = 0
  #timers: Timer[] = []
  /** What the wall clock is ahead of the time that has passed. */
  wallMs = T0

  now(): number {
    return this.wallMs + this.#elapsedMs
  }

  elapsedMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), task }
    let at = this.#timers.length
    while (at > 0 && (this.#timers[at - 1]?.dueMs ?? 0) > timer.dueMs) at -= 1
    this.#timers.splice(at, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** Lets `ms` pass, timer by timer; promises and immediates settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms
    await this.settle()
    for (;;) {
      const next = this.#timers[0]
      if (next === undefined || next.dueMs > untilMs) break
      this.#timers.shift()
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs)
      next.task()
      await this.settle()
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, untilMs)
  }

  /** Work that takes time: passes it without running timers, as a thread that is busy does. */
  spend(ms: number): void {
    this.#elapsedMs += ms
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await setImmediate()
  }
}
