import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { getIntrospectionQuery } from 'graphql'
import { HttpServer } from '../../../../test/support/http.ts'
import {
  type Configuration,
  FollowedCanvas,
  type Frame,
  type PlaceMessage,
  PlaceSocket,
  SUBSCRIPTION,
} from '../../../../test/support/place-client.ts'
import type { Lifetime } from '../../../../test/support/tmp.ts'
import { type Area, contains, wrap } from '../../../boards/canvas/geometry.ts'
import type { Sink } from '../../../live/format.ts'
import { MAX_BUFFERED_BYTES } from '../../../live/viewer.ts'
import { PlaceConnection } from './connection.ts'
import { Place } from './place.ts'

const PAINTERS = 6
const ROUNDS = 30

/** Everybody paints somewhere in an area, some of it in few cells that all fight for. */
async function crowd(server: HttpServer, extent: Area, during: (round: number) => unknown): Promise<void> {
  const painters = await Promise.all(Array.from({ length: PAINTERS }, () => server.visitor()))
  const random = fc.sample(fc.nat(1_000_000), { numRuns: 2 * PAINTERS * ROUNDS, seed: 7 })
  for (let round = 0; round < ROUNDS; round++) {
    server.clock.nowMs += 20
    await Promise.all(
      painters.map((painter, i) => {
        const at = round * PAINTERS + i
        const isFight = round % 3 === 0
        const x = extent.left + (isFight ? 500 + (i % 2) : (random[2 * at] ?? 0) % extent.width)
        const y = extent.top + (isFight ? 3 : (random[2 * at + 1] ?? 0) % extent.height)
        return painter.place(x, y, (round + i) % 16)
      }),
    )
    await during(round)
  }
}

/** Follows a canvas until it shows all of its part of the board, as far as the board has it. */
async function assertShows(
  server: HttpServer,
  followed: FollowedCanvas,
  { left, top }: { left: number; top: number },
): Promise<void> {
  const { canvas } = server.services.boards.get('lobby')
  const { extent, palette } = canvas.info
  const differing = (): number => {
    const { rgb, width } = followed.image
    return rgb.reduce((count, color, i) => {
      const [x, y] = [left + (i % width), top + Math.floor(i / width)]
      const expected = contains(extent, x, y) ? palette[canvas.colorAt(wrap(x), wrap(y))] : -1
      return count + (color === expected ? 0 : 1)
    }, 0)
  }
  while (followed.image.rgb.length === 0 || differing() > 0) await followed.step()
  assert.equal(differing(), 0)
}

async function following(t: Lifetime, server: HttpServer, tag: number): Promise<FollowedCanvas> {
  const protocol = tag % 2 === 0 ? 'graphql-ws' : 'graphql-transport-ws'
  const socket = await PlaceSocket.open(t, server.url, { protocol })
  await socket.next()
  socket.follow('1', tag)
  return new FollowedCanvas(socket)
}

test('[S54] who follows every canvas of a configuration ends with the board, while a crowd paints', async (t) => {
  const extent = { left: -120, top: 0, width: 1300, height: 30 }
  const server = await HttpServer.withLobby(t, { extent })
  const config = await PlaceSocket.open(t, server.url)
  await config.next()
  config.follow('config', undefined)
  const { canvasConfigurations, canvasWidth, canvasHeight } = await config.told<Configuration>()
  assert.deepEqual([canvasConfigurations.length, canvasWidth, canvasHeight], [3, 1000, 30])
  const followed = await Promise.all(
    canvasConfigurations.map(async ({ index, dx, dy }) => ({
      canvas: await following(t, server, index),
      at: { left: dx, top: dy },
    })),
  )
  await crowd(server, extent, () => {})
  for (const { canvas, at } of followed) await assertShows(server, canvas, at)
  const diffs = followed.flatMap(({ canvas }) => canvas.frames).length - followed.length
  assert.ok(diffs > 5, `${diffs}`)
})

test('[S54] [S49] drops, stops and readers that stop reading: each ends with the board', async (t) => {
  const extent = { left: 0, top: 0, width: 700, height: 40 }
  const server = await HttpServer.withLobby(t, { extent })
  const steady = await following(t, server, 0)
  const late: FollowedCanvas[] = []
  await crowd(server, extent, async (round) => {
    if (round % 6 === 0) {
      const socket = await PlaceSocket.open(t, server.url)
      await socket.next()
      socket.follow('1', 0)
      await socket.next()
      if (round % 12 === 0) socket.socket.ws.terminate()
      else socket.send({ type: 'stop', id: '1' })
      late.push(await following(t, server, 0))
    }
  })
  for (const followed of [steady, ...late]) await assertShows(server, followed, { left: 0, top: 0 })
})

test('[S47] frames are told of once they can be fetched, by anybody, and unknown ones are not there', async (t) => {
  const server = await HttpServer.withLobby(t)
  const socket = await PlaceSocket.open(t, server.url)
  await socket.next()
  socket.follow('1', 0)
  const { name } = await socket.told()
  const path = new URL(name).pathname
  assert.match(path, /^\/compat\/place\/lobby\/media\/canvas-images\/\d+-0-f-[0-9A-Za-z]{8}\.png$/)
  assert.equal(new URL(name).origin, server.url)
  const image = await server.client().get(path)
  assert.deepEqual(
    [image.status, image.headers['content-type'], image.headers['access-control-allow-origin']],
    [200, 'image/png', '*'],
  )
  assert.match(image.headers['cache-control'] ?? '', /max-age=300/)
  const unknown = await server.client().get(path.replace(/\w{8}\.png$/, '00000000.png'))
  assert.equal(unknown.status, 404)
  assert.equal(unknown.json().code, 'not-found')
})

/** Takes what is written, and holds it until it is read. */
class HoldingSink implements Sink {
  heldBytes = 0
  mostHeldBytes = 0
  #frames: Uint8Array[] = []

  write(bytes: Uint8Array): void {
    this.#frames.push(bytes)
    this.heldBytes += bytes.length
    this.mostHeldBytes = Math.max(this.mostHeldBytes, this.heldBytes)
  }

  bufferedBytes(): number {
    return this.heldBytes
  }

  close(): void {}

  /** Messages since the last reading. */
  read(): PlaceMessage[] {
    const frames = this.#frames
    this.#frames = []
    this.heldBytes = 0
    // What a test reads of a message, it asserts.
    return frames.map((frame) => JSON.parse(textOf(frame)) as PlaceMessage)
  }
}

/** Of an unmasked frame. */
function textOf(frame: Uint8Array): string {
  const length = (frame[1] ?? 0) & 0x7f
  return Buffer.from(frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10)).toString()
}

test('[S49] who asks on without reading the answers is let go, at 64 KiB', async (t) => {
  const { services } = await HttpServer.withLobby(t)
  using place = new Place(services)
  const ends: string[] = []
  const sink = new HoldingSink()
  const connection = new PlaceConnection(
    {
      clock: services.clock,
      operations: await place.operations(),
      board: place.board('lobby'),
      endOfPass: () => Number.POSITIVE_INFINITY,
    },
    { agreed: undefined, address: 'here', bearer: 'any', media: 'http://here/' },
    { close: (code) => ends.push(`close ${code}`), terminate: () => ends.push('terminate') },
    sink,
  )
  const payload = { query: getIntrospectionQuery() }
  for (let id = 0; id < 100 && ends.length === 0; id++)
    connection.take(Buffer.from(JSON.stringify({ id, type: 'start', payload })), false)
  assert.deepEqual(ends, ['close 1013', 'terminate'])
  assert.ok(sink.mostHeldBytes > MAX_BUFFERED_BYTES / 2 && sink.mostHeldBytes <= MAX_BUFFERED_BYTES)
})

test('[S49] a reader that stops reading holds at most 64 KiB, and begins anew when it reads', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: 0, top: 0, width: 40, height: 40 } })
  const { services } = server
  using place = new Place(services)
  const sink = new HoldingSink()
  const connection = new PlaceConnection(
    {
      clock: services.clock,
      operations: await place.operations(),
      board: place.board('lobby'),
      endOfPass: () => Number.POSITIVE_INFINITY,
    },
    { agreed: 'graphql-ws', address: 'here', bearer: 'any', media: 'http://here/' },
    { close: () => assert.fail('it is not closed'), terminate: () => assert.fail('it is not cut off') },
    sink,
  )
  const ids = Array.from({ length: 40 }, (_, i) => `a${i}`)
  for (const id of ids) {
    const payload = {
      query: SUBSCRIPTION,
      variables: { input: { channel: { category: 'CANVAS', tag: '0' } } },
    }
    connection.take(Buffer.from(JSON.stringify({ id, type: 'start', payload })), false)
  }
  const quick = await following(t, server, 0)
  await quick.step()
  const painter = await server.visitor()
  for (let i = 0; i < 12; i++) {
    await painter.place(i, 1, 5)
    await quick.step()
  }
  assert.ok(sink.mostHeldBytes > MAX_BUFFERED_BYTES / 2, `${sink.mostHeldBytes}`)
  assert.ok(sink.mostHeldBytes <= MAX_BUFFERED_BYTES, `${sink.mostHeldBytes}`)
  // From here on it reads: each of its chains goes on without a hole, or begins anew.
  const chains = new Map<string, number>()
  let restarts = 0
  const finalMs = (): number => place.board('lobby').host.canvas.timeMs
  await painter.place(30, 30, 3)
  for (let look = 0; look < 200; look++) {
    for (const { id = '', payload } of sink.read()) {
      // As above.
      const frame = payload?.data?.subscribe?.data as Frame
      if (frame.__typename === 'FullFrameMessageData') {
        if (chains.has(id)) restarts += 1
        chains.set(id, frame.timestamp)
      } else {
        assert.equal(frame.previousTimestamp, chains.get(id))
        chains.set(id, frame.currentTimestamp)
      }
    }
    if (chains.size === ids.length && [...chains.values()].every((ms) => ms > finalMs() + 11)) break
    await setTimeout(25)
  }
  assert.ok(restarts > 0, `${restarts}`)
  assert.equal(new Set(chains.values()).size, 1)
  connection.closed()
})
