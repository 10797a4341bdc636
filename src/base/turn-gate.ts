import { setImmediate } from 'node:timers/promises'
import { Gate } from './gate.ts'

/** A gate for what has the thread for long: each begins in a turn of the event loop of its own, so others come in between. */
export class TurnGate extends Gate {
  #lastTurn: Promise<void> = Promise.resolve()

  override pass<T>(work: () => Promise<T>): Promise<T> {
    return super.pass(async () => {
      this.#lastTurn = this.#lastTurn.then(() => setImmediate())
      await this.#lastTurn
      return work()
    })
  }
}
