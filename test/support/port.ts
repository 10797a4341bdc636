import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below what systems give to outgoing connections: one of those may take a port between its choice and its use. */
const FIRST = 20_000
const LAST = 29_999

/**
 * The first of `count` neighbouring loopback ports that nobody listens on just now. For programs that cannot be
 * told to take any.
 */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count))
    const servers: Server[] = []
    try {
      for (let port = first; port < first + count; port++) servers.push(await listening(port))
      return first
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    } finally {
      for (const server of servers) await closed(server)
    }
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
