/** What a client of a load is told to send. Requests are numbered from 1 over all clients. */
export type Send<Client> = (client: Client, request: number) => void

export interface LoadReport {
  readonly seconds: number
  /** Answered in that time. */
  readonly answers: number
  /** Latencies in ms, of what was asked in that time; from the moment each request was due. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const STEP_MS = 1

/**
 * Closed: every client keeps `window` requests under way. Open: requests become due at a steady rate whatever
 * the server does and go to the clients in turn; one that finds its client's window full waits, and that wait
 * is part of its latency (no coordinated omission).
 */
export class Load<Client> {
  readonly #window: number
  readonly #send: Send<Client>
  readonly #clients: Client[] = []
  readonly #underWay = new Map<Client, number>()
  readonly #waiting = new Map<Client, number[]>()
  readonly #dueMs = new Map<number, number>()
  #nextRequest = 1
  #latenciesMs: number[] = []
  #answers = 0
  #endMs = 0
  #isClosed = true
  #settled = Promise.withResolvers<void>()

  constructor(window: number, send: Send<Client>) {
    this.#window = window
    this.#send = send
  }

  add(client: Client): void {
    this.#clients.push(client)
    this.#underWay.set(client, 0)
    this.#waiting.set(client, [])
  }

  /** Resolves when everything that was asked has been answered. */
  async run(seconds: number, perSecond: number | null): Promise<LoadReport> {
    this.#latenciesMs = []
    this.#answers = 0
    this.#isClosed = perSecond === null
    this.#settled = Promise.withResolvers()
    const startMs = performance.now()
    this.#endMs = startMs + seconds * 1000
    if (perSecond === null) {
      for (let i = 0; i < this.#window; i++)
        for (const client of this.#clients) this.#ask(client, performance.now())
    } else {
      await this.#pace(startMs, perSecond)
    }
    if (this.#dueMs.size > 0) await this.#settled.promise
    const sorted = Float64Array.from(this.#latenciesMs).sort()
    const at = (share: number): number =>
      sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
    return { seconds, answers: this.#answers, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
  }

  async #pace(startMs: number, perSecond: number): Promise<void> {
    const total = Math.floor(((this.#endMs - startMs) / 1000) * perSecond)
    for (let sent = 0; sent < total; ) {
      const nowMs = performance.now()
      for (; sent < total && startMs + (sent / perSecond) * 1000 <= nowMs; sent++) {
        const client = this.#clients[sent % this.#clients.length]
        if (client !== undefined) this.#askOrWait(client, startMs + (sent / perSecond) * 1000)
      }
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    }
  }

  #askOrWait(client: Client, dueMs: number): void {
    if ((this.#underWay.get(client) ?? 0) < this.#window) this.#ask(client, dueMs)
    else this.#waiting.get(client)?.push(dueMs)
  }

  #ask(client: Client, dueMs: number): void {
    const request = this.#nextRequest++
    this.#dueMs.set(request, dueMs)
    this.#underWay.set(client, (this.#underWay.get(client) ?? 0) + 1)
    this.#send(client, request)
  }

  answered(client: Client, request: number): void {
    const dueMs = this.#dueMs.get(request)
    if (dueMs === undefined) throw new Error(`an answer to ${request}, which waits for none`)
    this.#dueMs.delete(request)
    const nowMs = performance.now()
    this.#latenciesMs.push(nowMs - dueMs)
    if (nowMs <= this.#endMs) this.#answers += 1
    this.#underWay.set(client, (this.#underWay.get(client) ?? 0) - 1)
    if (this.#isClosed) {
      if (nowMs < this.#endMs) this.#ask(client, nowMs)
    } else {
      const waiting = this.#waiting.get(client)?.shift()
      if (waiting !== undefined) this.#ask(client, waiting)
    }
    if (this.#dueMs.size === 0) this.#settled.resolve()
  }
}
