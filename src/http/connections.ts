import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { SpateError } from '../base/errors.ts'
import { addressGroup } from './address.ts'
import type { App } from './app.ts'
import type { HttpServices } from './services.ts'

/** How many connections every address has. */
export class ConnectionCounts {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** What to call when the connection ends; undefined when the address has too many already. */
  open(address: string): (() => void) | undefined {
    const count = this.#open.get(address) ?? 0
    if (count >= this.#most) return undefined
    this.#open.set(address, count + 1)
    return () => {
      const left = (this.#open.get(address) ?? 1) - 1
      if (left > 0) this.#open.set(address, left)
      else this.#open.delete(address)
    }
  }

  /** As {@link open}. Errors: `limited`. */
  take(address: string): () => void {
    const close = this.open(address)
    if (close === undefined) throw new SpateError('limited', 'too many connections from this address')
    return close
  }
}

/** Turns away what is over the limits before a byte of it is read. */
export function limitConnections(server: Server, services: HttpServices): void {
  const counts = new ConnectionCounts(services.maxConnectionsPerAddress)
  server.maxConnections = services.maxConnections
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    if (services.trustsProxy(address)) return
    const close = counts.open(addressGroup(address))
    if (close === undefined) socket.destroy()
    else socket.on('close', close)
  })
}

/**
 * Clients open connections before they have anything to ask. Node counts those as busy, and waits for them.
 *
 * @returns ends those on which nothing was asked yet, and those that are still to come
 */
export function spareConnections(server: Server): () => void {
  const open = new Set<Socket>()
  let isStopping = false
  server.on('connection', (socket) => {
    if (isStopping) return void socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return () => {
    isStopping = true
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }
}

/**
 * A proxy's connections carry many addresses: there, what counts are an address's requests under way (an event
 * stream is one for as long as it lasts) and its sockets.
 */
export function limitProxied(app: App, services: HttpServices, counts: ConnectionCounts): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!services.trustsProxy(request.socket.remoteAddress ?? '')) return
    reply.raw.on('close', counts.take(addressGroup(request.ip)))
  })
}
