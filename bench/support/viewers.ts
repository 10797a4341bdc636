/** A load generator: many connections that only read, and count what they get. */
import type { Socket } from 'node:net'
import { encodeClientMessage } from '../../src/live/protocol.ts'
import { serve } from './generator.ts'
import { connectLive, connectRaw, maskedFrame } from './socket.ts'

const CONNECTING_AT_ONCE = 100
const EDITS = 2
const RESYNC = 3
const HEARTBEAT = 5
const HEADER_BYTES = 11

const heartbeat = maskedFrame(encodeClientMessage({ type: 'heartbeat' })).bytes

/** What one viewer was shown. */
interface Seen {
  frames: number
  cells: number
  resyncs: number
  position: number
}

const viewers: Seen[] = []
const sockets: Socket[] = []
let bytesRead = 0
let closed = 0

function take(seen: Seen, socket: () => Socket | undefined, bytes: Buffer, from: number, to: number): void {
  bytesRead += to - from
  const type = bytes[from]
  if (type === EDITS) {
    seen.frames += 1
    seen.position = bytes.readDoubleLE(from + 1)
    const groups = bytes.readUInt16LE(from + 9)
    for (let group = 0, at = from + HEADER_BYTES; group < groups; group++) {
      const cells = bytes.readUInt16LE(at + 2)
      seen.cells += cells
      at += 4 + cells * 3
    }
  } else if (type === RESYNC) {
    seen.resyncs += 1
  } else if (type === HEARTBEAT) {
    socket()?.write(heartbeat)
  }
}

async function many(count: number, connectOne: () => Promise<Socket>): Promise<void> {
  let left = count
  const connectSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const socket = await connectOne()
      socket.on('close', () => {
        closed += 1
      })
      sockets.push(socket)
    }
  }
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectSome))
}

const commands = {
  /** Viewers of a live board. */
  async watch({ port, path, count }: { port: number; path: string; count: number }): Promise<void> {
    await many(count, async () => {
      const seen: Seen = { frames: 0, cells: 0, resyncs: 0, position: 0 }
      let socket: Socket | undefined
      viewers.push(seen)
      socket = await connectLive(port, path, undefined, (bytes, from, to) => {
        take(seen, () => socket, bytes, from, to)
      })
      return socket
    })
  },

  /** Connections that count bytes, whatever they mean. */
  async drain({ port, count }: { port: number; count: number }): Promise<void> {
    await many(count, () =>
      connectRaw(port, (_bytes, length) => {
        bytesRead += length
      }),
    )
  },

  /** Sums over all viewers, and how far the least and the most advanced are. */
  async report(_: null): Promise<{
    bytes: number
    frames: number
    closed: number
    resyncs: number
    cells: { least: number; most: number }
    position: { least: number; most: number }
  }> {
    const range = (read: (seen: Seen) => number): { least: number; most: number } => {
      const values = viewers.map(read)
      return values.reduce(
        ({ least, most }, value) => ({ least: Math.min(least, value), most: Math.max(most, value) }),
        { least: Number.MAX_SAFE_INTEGER, most: 0 },
      )
    }
    return {
      bytes: bytesRead,
      frames: viewers.reduce((sum, { frames }) => sum + frames, 0),
      closed,
      resyncs: viewers.reduce((sum, { resyncs }) => sum + resyncs, 0),
      cells: range(({ cells }) => cells),
      position: range(({ position }) => position),
    }
  },
}

export type ViewerCommands = typeof commands
serve(commands)
