import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const MAX_PAUSE_MS = 500

export interface Reading {
  readonly requests: number
  readonly statuses: ReadonlySet<number>
  /** Tags of what they were shown. */
  readonly etags: ReadonlySet<string>
  /** Requests that ended without an answer. */
  readonly failures: readonly string[]
}

/** Readers of one address, each with a connection of its own, who ask again and again until `isOver`. */
export async function readers(count: number, url: string, isOver: () => boolean): Promise<Reading> {
  const statuses = new Set<number>()
  const etags = new Set<string>()
  const failures: string[] = []
  let requests = 0
  const read = (agent: Agent): Promise<void> =>
    new Promise((resolve) => {
      requests += 1
      const request = get(url, { agent }, (response) => {
        statuses.add(response.statusCode ?? 0)
        if (response.headers.etag !== undefined) etags.add(response.headers.etag)
        response.on('error', (error) => failures.push(error.message))
        response.on('close', resolve)
        response.resume()
      })
      request.on('error', (error) => {
        failures.push(error.message)
        resolve()
      })
    })
  await Promise.all(
    Array.from({ length: count }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      do {
        await read(agent)
        await pause(Math.random() * MAX_PAUSE_MS)
      } while (!isOver())
      agent.destroy()
    }),
  )
  return { requests, statuses, etags, failures }
}
