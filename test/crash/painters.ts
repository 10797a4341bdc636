import { once } from 'node:events'
import { WebSocket } from 'ws'
import {
  decodeServerMessage,
  encodeClientMessage,
  MAX_EDITS_A_FRAME,
  SUBPROTOCOL,
} from '../../src/live/protocol.ts'
import { editOf, LEDGER_BOARD, type Ledger } from './ledger.ts'

/** The edits that a steady rate owes since the last tick go out in one frame. */
const TICK_MS = 2

interface Asked {
  readonly from: number
  readonly count: number
  readonly done: PromiseWithResolvers<boolean>
}

/** One player on one socket, who writes into the ledger what was sent and what was acknowledged. */
export class Painter {
  readonly #ledger: Ledger
  readonly #number: number
  readonly #socket: WebSocket
  readonly #asked = new Map<number, Asked>()
  #requests = 0
  /** Problem documents that came instead of an acknowledgement, and verdicts other than accepted. */
  readonly refusals: string[] = []
  /** Resolves once the connection is gone and everything that came over it was read. */
  readonly closed: Promise<unknown>

  private constructor(ledger: Ledger, socket: WebSocket) {
    this.#ledger = ledger
    this.#number = ledger.addPainter()
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#take(data))
    // A reset by the server's death; the close that follows is what counts.
    socket.on('error', () => {})
    this.closed = once(socket, 'close')
    socket.on('close', () => {
      for (const { done } of this.#asked.values()) done.resolve(false)
      this.#asked.clear()
    })
  }

  static async connect(url: string, ledger: Ledger): Promise<Painter> {
    const live = `${url.replace('http', 'ws')}/api/boards/${LEDGER_BOARD.id}/live?chunks=`
    const socket = new WebSocket(live, SUBPROTOCOL)
    const painter = new Painter(ledger, socket)
    await once(socket, 'open')
    return painter
  }

  #take(data: Buffer): void {
    const message = decodeServerMessage(data)
    if (message.type !== 'judged' && message.type !== 'refused') return
    const asked = this.#asked.get(message.request)
    if (asked === undefined) throw new Error(`an answer to ${message.request}, which nobody asked`)
    this.#asked.delete(message.request)
    if (message.type === 'refused') {
      this.refusals.push(message.problem)
      const { code } = JSON.parse(message.problem) as { code: string }
      if (code === 'unavailable') this.#ledger.doubt(asked.from, asked.count)
      else this.#ledger.refuse(asked.from, asked.count)
      asked.done.resolve(false)
      return
    }
    if (message.verdicts.some((verdict) => verdict !== 0)) this.refusals.push(message.verdicts.join())
    this.#ledger.acknowledge(asked.from, asked.count, message.position)
    asked.done.resolve(true)
  }

  /** Whether the edits were acknowledged: false when the connection was lost first. */
  paint(count: number): Promise<boolean> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve(false)
    const from = this.#ledger.send(this.#number, count)
    const edits = Array.from({ length: count }, (_, i) => editOf(from + i))
    const request = this.#requests++
    const done = Promise.withResolvers<boolean>()
    this.#asked.set(request, { from, count, done })
    this.#socket.send(encodeClientMessage({ type: 'edit', request, edits }))
    return done.promise
  }
}

export async function painters(url: string, ledger: Ledger, count: number): Promise<Painter[]> {
  return Promise.all(Array.from({ length: count }, () => Painter.connect(url, ledger)))
}

/** All paint as fast as they are answered, `aFrame` edits at a time, until `total` went out or nobody is left. */
export async function paintMany(crew: readonly Painter[], total: number, aFrame: number): Promise<void> {
  let left = total
  await Promise.all(
    crew.map(async (painter) => {
      while (left > 0) {
        left -= aFrame
        if (!(await painter.paint(aFrame))) return
      }
    }),
  )
}

/** Together they paint at a steady rate, whatever comes back, until the returned function is called. */
export function paintSteadily(crew: readonly Painter[], editsASecond: number): () => void {
  const startMs = performance.now()
  let sent = 0
  let turn = 0
  const timer = setInterval(() => {
    const owed = Math.floor(((performance.now() - startMs) / 1000) * editsASecond) - sent
    const count = Math.min(owed, MAX_EDITS_A_FRAME)
    if (count === 0) return
    void crew[turn++ % crew.length]?.paint(count)
    sent += count
  }, TICK_MS)
  return () => clearInterval(timer)
}
