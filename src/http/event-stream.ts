import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Begins to answer with server-sent events; undefined for a HEAD, which is answered, and for one who has left
 * meanwhile, whose end would not be told any more.
 */
export function beginEventStream(request: FastifyRequest, reply: FastifyReply): ServerResponse | undefined {
  void reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store')
  void reply.header('x-accel-buffering', 'no')
  reply.hijack()
  const { raw } = reply
  if (raw.destroyed) return undefined
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  raw.writeHead(200)
  if (request.method === 'HEAD') {
    raw.end()
    return undefined
  }
  raw.write('retry: 2000\n\n')
  return raw
}
