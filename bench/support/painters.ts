/**
 * A load generator: players who send edits over sockets and count the verdicts. Frames are built before the
 * load begins; between two uses of a frame every colour in it moves on by one, so that no edit repeats what
 * its cell shows already.
 */
import type { Socket } from 'node:net'
import { encodeClientMessage } from '../../src/live/protocol.ts'
import { serve } from './generator.ts'
import { Load, type LoadReport } from './load.ts'
import { Random } from './random.ts'
import { connectLive, maskedFrame } from './socket.ts'

const JUDGED = 4
const REFUSED = 7
const HEADER_BYTES = 5
const EDIT_BYTES = 5
const VERDICTS_AT = 23

export interface PaintersOptions {
  readonly port: number
  readonly path: string
  /** One socket each. */
  readonly cookies: readonly string[]
  readonly side: number
  readonly colors: number
  readonly editsPerFrame: number
  readonly framesPerSocket: number
  /** Frames of one socket that may wait for their verdicts. */
  readonly window: number
}

interface Painter {
  readonly socket: Socket
  readonly frames: readonly { bytes: Buffer; payloadAt: number }[]
  next: number
}

let load: Load<Painter> | undefined
let perFrame = 0
let accepted = 0
let colorCount = 0

function framesOf(options: PaintersOptions, random: Random): Painter['frames'] {
  return Array.from({ length: options.framesPerSocket }, () => {
    const edits = Array.from({ length: options.editsPerFrame }, () => ({
      x: random.integer(options.side),
      y: random.integer(options.side),
      color: random.integer(options.colors),
    }))
    return maskedFrame(encodeClientMessage({ type: 'edit', request: 0, edits }))
  })
}

function send(painter: Painter, request: number): void {
  const frame = painter.frames[painter.next++ % painter.frames.length]
  if (frame === undefined) throw new Error('a painter has frames')
  const { bytes, payloadAt } = frame
  bytes.writeUInt32LE(request, payloadAt + 1)
  for (let at = payloadAt + HEADER_BYTES + EDIT_BYTES - 1; at < bytes.length; at += EDIT_BYTES) {
    bytes[at] = ((bytes[at] ?? 0) + 1) % colorCount
  }
  // A socket may hold on to what it could not write at once, and this frame is used again.
  painter.socket.write(painter.socket.writableLength > 0 ? Buffer.from(bytes) : bytes)
}

const commands = {
  async connect(options: PaintersOptions): Promise<void> {
    const random = new Random(7)
    perFrame = options.editsPerFrame
    colorCount = options.colors
    const started = new Load<Painter>(options.window, send)
    load = started
    for (const cookie of options.cookies) {
      let painter: Painter | undefined
      const socket = await connectLive(options.port, options.path, cookie, (bytes, from, to) => {
        const type = bytes[from]
        if (type === REFUSED) throw new Error(bytes.subarray(from + 9, to).toString())
        if (type !== JUDGED || painter === undefined) return
        if (to - from !== VERDICTS_AT + perFrame) throw new Error('an answer without all verdicts')
        for (let at = from + VERDICTS_AT; at < to; at++) if (bytes[at] === 0) accepted += 1
        started.answered(painter, bytes.readUInt32LE(from + 1))
      })
      painter = { socket, frames: framesOf(options, random), next: 0 }
      started.add(painter)
    }
  },

  /** Paints for so long, as fast as the windows allow or at a steady rate. */
  async paint({
    seconds,
    framesPerSecond,
  }: {
    seconds: number
    framesPerSecond: number | null
  }): Promise<LoadReport & { edits: number; accepted: number }> {
    if (load === undefined) throw new Error('connect first')
    accepted = 0
    const report = await load.run(seconds, framesPerSecond)
    return { ...report, edits: report.answers * perFrame, accepted }
  },
}

export type PainterCommands = typeof commands
serve(commands)
