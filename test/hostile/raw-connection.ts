import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection to a server that nothing stands in front of. */
export async function rawConnection(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  // What the server makes of us shows in what it sent until the connection closed.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** All that comes until the connection is closed or reset. */
export async function untilClosed(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => socket.on('close', resolve))
  return Buffer.concat(chunks)
}

/** Sends bytes, then says that there is no more, and reads until the server closes. */
export async function exchange(url: string, bytes: Uint8Array): Promise<Buffer> {
  const socket = await rawConnection(url)
  socket.end(bytes)
  return untilClosed(socket)
}

export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** The first HTTP answer in what a server sent; without a length, its body is all that follows. */
export function answerIn(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const rest = bytes.subarray(end + 4)
  const length = Number(headers.get('content-length') ?? rest.length)
  return { status: Number(first.split(' ')[1]), headers, body: rest.subarray(0, length) }
}

export function upgradeRequest(path: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  const all = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
}
