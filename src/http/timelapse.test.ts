import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { area } from '../../test/support/boards.ts'
import { type Answer, HttpServer, type HttpSetup } from '../../test/support/http.ts'
import { readPng } from '../../test/support/png.ts'
import { systemClock } from '../base/clock.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { StillReader } from '../boards/timelapse/stills.ts'
import { MemoryLog } from '../log/memory.ts'

const FILM = '/api/boards/lobby/timelapse'
const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

/** Twenty placements, a minute apart, a resize and a change of colours among them. */
async function busyBoard(t: TestContext, setup: HttpSetup = {}): Promise<HttpServer> {
  const server = await HttpServer.withLobby(t, { extent: area(-10, -10, 20, 20) }, setup)
  const ann = await server.visitor()
  for (let i = 0; i < 20; i++) {
    server.clock.nowMs += MINUTE
    assert.equal((await ann.place((i % 7) - 5, (i % 5) - 5, 1 + (i % 15))).status, 200)
    const host = server.services.boards.get('lobby')
    if (i === 7) {
      await host.append([{ type: RecordType.resized, body: { extent: area(-10, -10, 30, 22) } }])
    }
    if (i === 11) {
      const palette = host.canvas.info.palette.map((rgb) => rgb ^ 0x101010)
      await host.append([{ type: RecordType.repainted, body: { palette } }])
    }
  }
  return server
}

function timeOf(minute: number): string {
  return new Date(START + minute * MINUTE).toISOString()
}

/** The pages of an animated picture: as what is asked of it, x and y of an area. */
async function pagesOf({ bytes }: Answer) {
  const {
    width = 0,
    pages = 1,
    pageHeight = 0,
    delay = [],
  } = await sharp(bytes, { animated: true }).metadata()
  const rgb = await sharp(bytes, { animated: true }).removeAlpha().raw().toBuffer()
  return {
    width,
    height: pageHeight,
    delay,
    pages: Array.from({ length: pages }, (_, page) => (x: number, y: number) => {
      return rgb.readUIntBE(((page * pageHeight + y) * width + x) * 3, 3)
    }),
  }
}

for (const format of ['webp', 'gif'] as const) {
  test(`[H40] each frame of a ${format} is the image of its moment`, async (t) => {
    const server = await busyBoard(t)
    const client = server.client()
    const query = `from=${timeOf(1)}&to=${timeOf(20)}&frames=20&fps=10&left=-8&top=-10&width=20&height=21`
    const answer = await client.get(`${FILM}.${format}?${query}`)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.headers['content-type'], `image/${format}`)
    assert.equal(answer.headers['x-content-version'], '23')
    const film = await pagesOf(answer)
    assert.deepEqual([film.width, film.height, film.pages.length], [20, 21, 20])
    assert.deepEqual(new Set(film.delay), new Set([100]))
    for (const [i, pixel] of film.pages.entries()) {
      const at = `at=${timeOf(i + 1)}&left=-8&top=-10&width=20&height=21`
      const image = await readPng((await client.get(`/api/boards/lobby/image.png?${at}`)).bytes)
      // Before the board grew its image was cut.
      assert.equal(image.width, i < 7 ? 18 : 20)
      for (let y = 0; y < image.height; y++) {
        for (let x = 0; x < image.width; x++) {
          assert.equal(pixel(x, y), image.at(x, y), `minute ${i + 1}, ${x},${y}`)
        }
      }
    }
  })
}

test('[H40] without a span it goes from the board’s beginning to its last change', async (t) => {
  const server = await busyBoard(t)
  server.clock.nowMs += 1000 * MINUTE
  const film = await pagesOf(await server.client().get(`${FILM}.webp?frames=21&fps=20&scale=2`))
  assert.deepEqual([film.width, film.height, film.pages.length], [60, 44, 21])
  assert.deepEqual(new Set(film.delay), new Set([50]))
  // Colour 1 was placed at -5,-5 in the first minute.
  assert.deepEqual(
    film.pages.slice(0, 2).map((pixel) => pixel(11, 11)),
    [0xffffff, 0xe4e4e4],
  )
})

test('[H40] the speed says how many frames there are', async (t) => {
  const server = await busyBoard(t)
  // 20 minutes, two a second: ten seconds.
  const film = await pagesOf(await server.client().get(`${FILM}.webp?speed=120&fps=2`))
  assert.equal(film.pages.length, 21)
})

test('[H40] history is read once, from the keyframe before it, however many frames there are', async (t) => {
  let reads = 0
  class CountedLog extends MemoryLog {
    override read(...[stream, after, limit]: Parameters<MemoryLog['read']>) {
      if (limit.records === 2048) reads += 1
      return super.read(stream, after, limit)
    }
  }
  const server = await HttpServer.withLobby(t, {}, { log: new CountedLog(systemClock) })
  const ann = await server.visitor()
  for (let i = 0; i < 5; i++) await ann.place(i, 0, 1)
  const counts = []
  for (const frames of [2, 200]) {
    reads = 0
    assert.equal((await server.client().get(`${FILM}.gif?frames=${frames}&width=9&height=9`)).status, 200)
    counts.push(reads)
  }
  assert.equal(counts[0], counts[1])
})

test('[H41] what is too much, to come, or never was is refused', async (t) => {
  const server = await busyBoard(t)
  const client = server.client()
  const refusals = [
    ['frames=601', 413, 'a timelapse has at most 600 frames'],
    [
      'scale=64&left=-10&top=-10&width=20&height=20&frames=200',
      413,
      'a timelapse has at most 134217728 pixels in all',
    ],
    ['scale=64&width=30&height=22&frames=2&fps=51', 400, 'query/fps must be <= 50'],
    ['speed=0.001', 413, 'a timelapse has at most 600 frames'],
    ['speed=100&frames=3', 400, 'either frames or speed, not both'],
    [`from=${timeOf(5)}&to=${timeOf(4)}`, 400, 'from: expected a time before `to`'],
    ['from=yesterday', 400, 'from: expected a time such as 2026-11-21T09:00:00Z'],
    [`to=${timeOf(1000)}`, 404, 'to: that moment has not come yet'],
    ['from=2025-12-31', 404, 'from: the board did not exist then'],
    ['left=500', 400, 'the area lies outside the board'],
  ] as const
  for (const [query, status, detail] of refusals) {
    const answer = await client.get(`${FILM}.webp?${query}`)
    assert.deepEqual([answer.status, answer.json().detail], [status, detail], query)
  }
  assert.equal((await client.get('/api/boards/nope/timelapse.gif')).status, 404)
})

test('[H41] a frame has a largest size, and a side too', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: area(0, 0, 20_000, 2_000) })
  const refusals = [
    ['frames=1&width=16384&height=1', 'a timelapse has at most 16383 pixels a side'],
    ['frames=1&width=4096&height=1025', 'a timelapse has at most 4194304 pixels a frame'],
  ] as const
  for (const [query, detail] of refusals) {
    const answer = await server.client().get(`${FILM}.webp?${query}`)
    assert.deepEqual([answer.status, answer.json().detail], [413, detail])
  }
  const small = await server.client().get(`${FILM}.gif?frames=1&width=4096&height=2000&scale=0.0625`)
  assert.deepEqual((({ width, height }) => [width, height])(await sharp(small.bytes).metadata()), [256, 125])
})

/** A log that holds reads of the past back. */
class SlowLog extends MemoryLog {
  held: PromiseWithResolvers<void> | undefined
  readonly #waits: (() => void)[] = []

  /** Resolves with the next read that is held back. */
  waiting(): Promise<void> {
    return new Promise((resolve) => this.#waits.push(resolve))
  }

  override async read(...[stream, after, limit]: Parameters<MemoryLog['read']>) {
    if (limit.records === 2048 && this.held !== undefined) {
      this.#waits.shift()?.()
      await this.held.promise
    }
    return super.read(stream, after, limit)
  }
}

test('[H41] two at once, others are told when to come back; who leaves makes room', async (t) => {
  const log = new SlowLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  log.held = Promise.withResolvers()
  const begun = [log.waiting(), log.waiting()]
  const leaving = get(`${server.url}${FILM}.webp`)
  leaving.on('error', () => {})
  await begun[0]
  const staying = server.client().get(`${FILM}.gif?frames=2&width=9&height=9`)
  await begun[1]
  const third = await server.client().get(`${FILM}.gif`)
  assert.deepEqual([third.status, third.headers['retry-after']], [503, '10'])

  const left = Promise.withResolvers<void>()
  leaving.on('close', left.resolve)
  leaving.destroy()
  await left.promise
  log.held.resolve()
  log.held = undefined
  assert.equal((await staying).status, 200)
  let status = 503
  while (status === 503) status = (await server.client().get(`${FILM}.gif?frames=2&width=9&height=9`)).status
  assert.equal(status, 200)
})

test('[H41] what takes too long is given up', async (t) => {
  const log = new SlowLog(systemClock)
  // A minute of this server is 60 ms.
  const server = await HttpServer.withLobby(t, {}, { log, speed: 1000 })
  log.held = Promise.withResolvers()
  const answer = server.client().get(`${FILM}.webp`)
  server.services.clock.after(61_000, () => log.held?.resolve())
  assert.deepEqual(
    [(await answer).status, (await answer).json().detail],
    [503, 'it took too long: ask for less, or later'],
  )
})

test('[H42] the organiser takes frames as they are made, compressed or not', async (t) => {
  const server = await busyBoard(t)
  const path = `${FILM}.stills?from=${timeOf(1)}&frames=77&fps=25&scale=3`
  assert.equal((await server.client().get(path)).status, 401)
  assert.equal((await (await server.visitor()).get(path)).status, 403)
  const [plain, gzipped] = await Promise.all([
    server.admin.get(path, { 'accept-encoding': 'identity' }),
    server.admin.get(path),
  ])
  assert.deepEqual(
    [plain.status, plain.headers['content-encoding'], gzipped.headers['content-encoding']],
    [200, undefined, 'gzip'],
  )
  assert.ok(plain.bytes.equals(gzipped.bytes))
  const reader = await StillReader.open(
    (async function* () {
      yield plain.bytes
    })(),
  )
  assert.deepEqual(reader.head, { width: 90, height: 66, frames: 77, fps: 25 })
  const stills = await Array.fromAsync(reader.stills())
  assert.equal(stills.at(-1)?.to, 77)
  // Every minute something else is seen.
  assert.equal(stills.length, 20)
  assert.equal((await server.admin.get(`${FILM}.stills?frames=36001`)).status, 413)
})

/** Asks for a film of 22 MB and takes nothing of it. */
function untaken(server: HttpServer): Promise<IncomingMessage> {
  const taking = get(`${server.url}${FILM}.stills?scale=40&frames=40`, { headers: server.admin.headers })
  taking.on('error', () => {})
  return new Promise((resolve) => taking.once('response', resolve))
}

async function untilThereIsRoom(server: HttpServer): Promise<void> {
  let status = 503
  while (status === 503) status = (await server.admin.get(`${FILM}.stills?frames=2`)).status
  assert.equal(status, 200)
}

test('[H42] two at once; who leaves gives the place up', async (t) => {
  const server = await busyBoard(t)
  const both = await Promise.all([untaken(server), untaken(server)])
  assert.deepEqual(
    both.map(({ statusCode }) => statusCode),
    [200, 200],
  )
  assert.equal((await server.admin.get(`${FILM}.stills?frames=2`)).status, 503)
  for (const response of both) response.destroy()
  await untilThereIsRoom(server)
})

test('[H42] who takes nothing for a minute is cut off, who waits for the next still is not', async (t) => {
  // A minute of this server is 60 ms.
  const server = await busyBoard(t, { speed: 1000 })
  const both = await Promise.all([untaken(server), untaken(server)])
  await untilThereIsRoom(server)
  for (const response of both) response.destroy()
  // All of it before anything changed: one still, long in the making.
  const path = `${FILM}.stills?frames=6000&to=${timeOf(0)}`
  const startMs = performance.now()
  assert.equal((await server.admin.get(path)).status, 200)
  assert.ok(performance.now() - startMs > 120, 'too short to show it')
})
