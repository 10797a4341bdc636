import type { Server } from 'node:http'
import type { HttpServices } from './services.ts'

/** Turns away what is over the limits before a byte of it is read. */
export function limitConnections(server: Server, services: HttpServices): void {
  const open = new Map<string, number>()
  server.maxConnections = services.maxConnections
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    if (services.trustsProxy(address)) return
    const count = (open.get(address) ?? 0) + 1
    if (count > services.maxConnectionsPerAddress) {
      socket.destroy()
      return
    }
    open.set(address, count)
    socket.on('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}
