/**
 * A load generator: HTTP requests over kept-alive connections, one at a time on each, built beforehand.
 * Only counts answers of the expected status; any other ends the load.
 */
import type { Socket } from 'node:net'
import { serve } from './generator.ts'
import { Load, type LoadReport } from './load.ts'
import { Random } from './random.ts'
import { connectRaw } from './socket.ts'

export interface PostersOptions {
  readonly port: number
  readonly path: string
  /** One connection each; null: no cookie. */
  readonly cookies: readonly (string | null)[]
  readonly side: number
  readonly requestsPerConnection: number
}

export interface GettersOptions {
  readonly port: number
  readonly path: string
  readonly connections: number
  /** More header lines, each with its line end. */
  readonly headers: string
  readonly status: number
}

interface Client {
  readonly socket: Socket
  readonly requests: readonly { bytes: Buffer; colorAt: number | undefined }[]
  sent: number
  request: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const FIRST_COLOR = 10
const COLORS = 6

let load: Load<Client> | undefined
let bytesRead = 0

/** Colours are 10 to 15, one further each time the request is used, so no edit repeats what its cell shows. */
function send(client: Client, request: number): void {
  const { bytes, colorAt } = client.requests[client.sent % client.requests.length] ?? { bytes: HEAD_END }
  if (colorAt !== undefined) {
    const pass = Math.floor(client.sent / client.requests.length)
    bytes[colorAt] = 48 + ((client.sent + pass) % COLORS)
  }
  client.sent += 1
  client.request = request
  client.socket.write(bytes)
}

/** Gets bytes as they arrive; calls `answered` with the status at the end of each response. */
function responses(answered: (status: number) => void): (bytes: Buffer, length: number) => void {
  let rest: Buffer | undefined
  let bodyLeft = 0
  let status = 0
  return (chunk, length) => {
    bytesRead += length
    let bytes = chunk
    let end = length
    if (rest !== undefined) {
      bytes = Buffer.concat([rest, chunk.subarray(0, length)])
      end = bytes.length
      rest = undefined
    }
    let at = 0
    while (at < end) {
      if (bodyLeft === 0) {
        const head = bytes.indexOf(HEAD_END, at)
        if (head < 0 || head >= end) {
          rest = Buffer.from(bytes.subarray(at, end))
          return
        }
        const text = bytes.toString('latin1', at, head)
        status = Number(text.slice(9, 12))
        bodyLeft = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
        at = head + HEAD_END.length
        if (status === 304) bodyLeft = 0
      }
      const taken = Math.min(bodyLeft, end - at)
      at += taken
      bodyLeft -= taken
      if (bodyLeft === 0) answered(status)
    }
  }
}

function post(path: string, cookie: string | null, x: number, y: number): Client['requests'][number] {
  const body = `{"x":${x},"y":${y},"c":${FIRST_COLOR}}`
  const bytes = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
      `${cookie === null ? '' : `Cookie: ${cookie}\r\n`}Content-Length: ${body.length}\r\n\r\n${body}`,
  )
  return { bytes, colorAt: bytes.length - 2 }
}

async function connect(
  port: number,
  requestsOf: readonly Client['requests'][],
  expected: number,
): Promise<void> {
  const started = new Load<Client>(1, send)
  load = started
  for (const requests of requestsOf) {
    let client: Client | undefined
    const socket = await connectRaw(
      port,
      responses((status) => {
        if (status !== expected) throw new Error(`answered ${status}`)
        if (client !== undefined) started.answered(client, client.request)
      }),
    )
    socket.on('close', () => {
      throw new Error('the server closed a connection')
    })
    client = { socket, requests, sent: 0, request: 0 }
    started.add(client)
  }
}

const commands = {
  async connectPosters({ port, path, cookies, side, requestsPerConnection }: PostersOptions): Promise<void> {
    const random = new Random(11)
    const requestsOf = cookies.map((cookie) =>
      Array.from({ length: requestsPerConnection }, () =>
        post(path, cookie, random.integer(side), random.integer(side)),
      ),
    )
    await connect(port, requestsOf, 200)
  },

  async connectGetters({ port, path, connections, headers, status }: GettersOptions): Promise<void> {
    const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`)
    const requests = [{ bytes, colorAt: undefined }]
    await connect(
      port,
      Array.from({ length: connections }, () => requests),
      status,
    )
  },

  /** For so long, as fast as the answers come or at a steady rate. */
  async load({
    seconds,
    perSecond,
  }: {
    seconds: number
    perSecond: number | null
  }): Promise<LoadReport & { bytes: number }> {
    if (load === undefined) throw new Error('connect first')
    bytesRead = 0
    const report = await load.run(seconds, perSecond)
    return { ...report, bytes: bytesRead }
  },
}

export type PosterCommands = typeof commands
serve(commands)
