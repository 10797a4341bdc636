/** A load generator: an r/place of large canvases, whose frames were made beforehand and are sent at a steady rate. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { PALETTE_2022 } from '../../src/capture/datasets/palettes.ts'
import { serve } from './generator.ts'
import { diffPictures, fullPicture, SIDE } from './place-pictures.ts'

interface Listener {
  readonly socket: WebSocket
  readonly canvas: number
  readonly id: string
}

interface Options {
  readonly canvases: number
  readonly cells: number
  readonly pictures: number
}

const listeners: Listener[] = []
const lastMs = new Map<number, number>()
let diffs: Buffer[] = []
let full: Buffer = Buffer.alloc(0)
let frames = 0
let canvases = 0
let origin = ''

async function start(options: Options): Promise<string> {
  canvases = options.canvases
  diffs = await diffPictures(options.pictures, options.cells)
  full = await fullPicture()
  const http = createServer(({ url = '' }, response) => {
    const [, kind, number] = /-([fd])-(\d+)\.png$/.exec(url) ?? []
    if (kind === undefined) response.end('"accessToken":"token"')
    else if (kind === 'f') response.end(full)
    // The number makes each its own bytes; what comes after a picture is not looked at.
    else response.end(Buffer.concat([diffs[Number(number) % diffs.length]!, Buffer.from(` ${number}`)]))
  })
  const sockets = new WebSocketServer({ server: http, handleProtocols: ([first = '']) => first })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => hear(socket, data.toString()))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  // It listens on a port.
  origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return origin
}

function hear(socket: WebSocket, text: string): void {
  // Sent by our own collector.
  const message = JSON.parse(text) as {
    type: string
    id: string
    payload: { variables: { input: { channel: { tag?: string } } } }
  }
  if (message.type === 'connection_init') {
    socket.send('{"type":"connection_ack"}')
    return
  }
  const { tag } = message.payload.variables.input.channel
  if (tag === undefined) send(socket, message.id, configuration())
  else {
    const canvas = Number(tag)
    const timestamp = lastMs.get(canvas) ?? Date.now()
    lastMs.set(canvas, timestamp)
    send(socket, message.id, { name: nameOf(timestamp, canvas, 'f'), timestamp })
    listeners.push({ socket, canvas, id: message.id })
  }
}

function configuration(): object {
  return {
    canvasConfigurations: Array.from({ length: canvases }, (_, index) => ({
      index,
      dx: (index % 3) * SIDE,
      dy: Math.floor(index / 3) * SIDE,
    })),
    canvasWidth: SIDE,
    canvasHeight: SIDE,
    colorPalette: {
      colors: PALETTE_2022.map((rgb, index) => ({ hex: `#${rgb.toString(16).padStart(6, '0')}`, index })),
    },
  }
}

function nameOf(timestamp: number, canvas: number, kind: 'f' | 'd'): string {
  return `${origin}/${timestamp}-${canvas}-${kind}-${frames++}.png`
}

function send(socket: WebSocket, id: string, data: object): void {
  const subscribe = { id: 'ca1aafa7-a19d-49e8-be2d-33c1b31135ba', data, __typename: 'BasicMessage' }
  socket.send(JSON.stringify({ payload: { data: { subscribe } }, id, type: 'data' }))
}

/** Resolves with the number of frames that were told of. */
async function run({ seconds, hz }: { seconds: number; hz: number }): Promise<number> {
  const before = frames
  const timers = Array.from({ length: canvases }, (_, canvas) => setInterval(() => tick(canvas), 1000 / hz))
  await delay(seconds * 1000)
  for (const timer of timers) clearInterval(timer)
  return frames - before
}

function tick(canvas: number): void {
  const previousTimestamp = lastMs.get(canvas) ?? 0
  const currentTimestamp = Date.now()
  if (currentTimestamp <= previousTimestamp) return
  lastMs.set(canvas, currentTimestamp)
  const name = nameOf(currentTimestamp, canvas, 'd')
  const data = { __typename: 'DiffFrameMessageData', name, currentTimestamp, previousTimestamp }
  for (const listener of listeners) if (listener.canvas === canvas) send(listener.socket, listener.id, data)
}

const commands = { start, run }
export type PlaceSourceCommands = typeof commands
serve(commands)
