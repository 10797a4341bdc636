import { looksAccepted, type VerdictName, verdictName } from '../boards/canvas/verdict.ts'
import type { ServerMessage } from '../live/protocol.ts'
import { type Problem, ProblemError } from './api.ts'

export interface Placement {
  readonly accepted: boolean
  readonly verdict: VerdictName
  readonly position: number
  /** When the player may place again, ms since the epoch by the server's clock. */
  readonly nextMs: number
}

type Judged = Extract<ServerMessage, { type: 'judged' }>
type Refused = Extract<ServerMessage, { type: 'refused' }>

/** What was asked on a connection and is not answered: each answer, in whatever order, finds its request. */
export class Requests {
  readonly #open = new Map<number, PromiseWithResolvers<Placement[]>>()
  #next = 1

  /** The number of the next request; they grow, also over a drop. */
  number(): number {
    return this.#next++ >>> 0
  }

  /** Resolves with a verdict for each edit. Errors: {@link ProblemError}, or the drop. */
  answer(request: number): Promise<Placement[]> {
    const answered = Promise.withResolvers<Placement[]>()
    this.#open.set(request, answered)
    return answered.promise
  }

  judged({ request, position, nextMs, verdicts }: Judged): void {
    this.#take(request)?.resolve(
      Array.from(verdicts, (code) => ({
        accepted: looksAccepted(code),
        verdict: verdictName(code),
        position,
        nextMs,
      })),
    )
  }

  refused({ request, problem }: Refused): void {
    // The server's own problem document.
    this.#take(request)?.reject(new ProblemError(JSON.parse(problem) as Problem))
  }

  #take(request: number): PromiseWithResolvers<Placement[]> | undefined {
    const answered = this.#open.get(request)
    this.#open.delete(request)
    return answered
  }

  /** Whether what is under way was placed is then seen on the board. */
  lost(): void {
    for (const { reject } of this.#open.values()) reject(new Error('the connection was lost'))
    this.#open.clear()
  }
}
