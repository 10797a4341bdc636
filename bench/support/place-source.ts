/** A load generator: an r/place of large canvases, whose frames were made beforehand and are sent at a steady rate. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { PALETTE_2022 } from '../../src/capture/datasets/palettes.ts'
import { serve } from './generator.ts'
import { diffPictures, fullPicture } from './place-pictures.ts'

interface Listener {
  readonly socket: WebSocket
  readonly canvas: number
  readonly id: string
}

interface Options {
  readonly canvases: number
  readonly side: number
  /** Changed ones of a diff. */
  readonly cells: number
  /** Different diffs. */
  readonly pictures: number
  /** Of the first full frames; default: now. */
  readonly beginMs?: number
}

const AUTHORS = 10_000

const listeners: Listener[] = []
const lastMs = new Map<number, number>()
let diffs: Buffer[] = []
let full: Buffer = Buffer.alloc(0)
let frames = 0
let authors = 0
let canvases = 0
let origin = ''
let side = 0
let beginMs: number | undefined

async function start(options: Options): Promise<string> {
  canvases = options.canvases
  side = options.side
  beginMs = options.beginMs
  diffs = await diffPictures(options.pictures, options.cells, side)
  full = await fullPicture(side)
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

interface Variables {
  readonly input?: { readonly channel: { readonly tag?: string } }
}

function hear(socket: WebSocket, text: string): void {
  // Sent by our own collector.
  const message = JSON.parse(text) as { type: string; id: string; payload: { variables: Variables } }
  if (message.type === 'connection_init') {
    socket.send('{"type":"connection_ack"}')
    return
  }
  const { input } = message.payload.variables
  if (input === undefined) answer(socket, message.id, Object.keys(message.payload.variables))
  else follow(socket, message.id, input.channel.tag)
}

/** Somebody changed each of these cells just now. */
function answer(socket: WebSocket, id: string, asked: readonly string[]): void {
  const told = (name: string): object => ({
    id: name,
    data: {
      lastModifiedTimestamp: Date.now(),
      userInfo: { userID: `t2_${name}`, username: `player ${authors++ % AUTHORS}` },
    },
  })
  const data = Object.fromEntries(asked.map((name) => [name, { data: [told(name)] }]))
  socket.send(JSON.stringify({ payload: { data }, id, type: 'data' }))
}

function follow(socket: WebSocket, id: string, tag: string | undefined): void {
  if (tag === undefined) send(socket, id, configuration())
  else {
    const canvas = Number(tag)
    const timestamp = lastMs.get(canvas) ?? beginMs ?? Date.now()
    lastMs.set(canvas, timestamp)
    send(socket, id, { name: nameOf(timestamp, canvas, 'f'), timestamp })
    listeners.push({ socket, canvas, id })
  }
}

function configuration(): object {
  return {
    canvasConfigurations: Array.from({ length: canvases }, (_, index) => ({
      index,
      dx: (index % 3) * side,
      dy: Math.floor(index / 3) * side,
    })),
    canvasWidth: side,
    canvasHeight: side,
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

interface Pace {
  readonly seconds: number
  /** Between the frames of a canvas, one after the other, from another one on for each canvas. */
  readonly intervalsMs: readonly number[]
}

/** Resolves with the number of frames that were told of. */
async function run({ seconds, intervalsMs }: Pace): Promise<number> {
  const before = frames
  const endMs = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: canvases }, (_, canvas) => paced(canvas, endMs, intervalsMs)))
  return frames - before
}

async function paced(canvas: number, endMs: number, intervalsMs: readonly number[]): Promise<void> {
  let dueMs = performance.now()
  for (let i = canvas * 97; dueMs < endMs; i++) {
    dueMs += intervalsMs[i % intervalsMs.length] ?? 1
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await delay(waitMs)
    tick(canvas, Date.now())
  }
}

/** One frame a canvas at each of these times, all at once. Resolves with the number of frames. */
async function tell({ timesMs }: { timesMs: readonly number[] }): Promise<number> {
  for (const ms of timesMs) for (let canvas = 0; canvas < canvases; canvas++) tick(canvas, ms)
  return timesMs.length * canvases
}

function tick(canvas: number, currentTimestamp: number): void {
  const previousTimestamp = lastMs.get(canvas) ?? 0
  if (currentTimestamp <= previousTimestamp) return
  lastMs.set(canvas, currentTimestamp)
  const name = nameOf(currentTimestamp, canvas, 'd')
  const data = { __typename: 'DiffFrameMessageData', name, currentTimestamp, previousTimestamp }
  for (const listener of listeners) if (listener.canvas === canvas) send(listener.socket, listener.id, data)
}

const commands = { start, run, tell }
export type PlaceSourceCommands = typeof commands
serve(commands)
