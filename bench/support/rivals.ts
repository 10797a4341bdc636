/** What a server costs that does nothing but answer: bare node:http, and bare ws. A process of its own. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { serve } from './generator.ts'

async function listening(server: Server): Promise<number> {
  const listens = Promise.withResolvers<void>()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => listens.resolve())
  await listens.promise
  // A TCP server's address is an AddressInfo.
  return (server.address() as AddressInfo).port
}

/** Reads the request, then answers it as told. */
function answering(status: number, headers: Record<string, string | number>, body: Buffer): Server {
  const answer: RequestListener = (request, response) => {
    request.on('end', () => response.writeHead(status, headers).end(body))
    request.resume()
  }
  return createServer(answer)
}

const commands = {
  /** Answers everything with these bytes; the port. */
  async answers({ status, type, bytes }: { status: number; type: string; bytes: number }): Promise<number> {
    const body = Buffer.alloc(bytes, 'x')
    const headers = status === 304 ? {} : { 'content-type': type, 'content-length': bytes }
    return listening(answering(status, headers, body))
  },

  /** Answers every frame of edits with a verdict for each: the frame's request, no log, no judging; the port. */
  async judges({ editsPerFrame }: { editsPerFrame: number }): Promise<number> {
    const server = createServer()
    const sockets = new WebSocketServer({ server, perMessageDeflate: false })
    sockets.on('connection', (ws) => {
      ws.on('message', (data: Buffer) => {
        const answer = Buffer.alloc(23 + editsPerFrame)
        answer[0] = 4
        answer.writeUInt32LE(data.readUInt32LE(1), 1)
        answer.writeUInt16LE(editsPerFrame, 21)
        ws.send(answer)
      })
    })
    return listening(server)
  },
}

export type RivalCommands = typeof commands
serve(commands)
