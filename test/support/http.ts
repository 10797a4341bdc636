import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { networkMatcher } from '../../src/app/config.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { SpateError } from '../../src/base/errors.ts'
import { RateLimit } from '../../src/base/rate.ts'
import { Boards } from '../../src/boards/boards.ts'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import type { Created } from '../../src/boards/canvas/records.ts'
import { FREE_RULES } from '../../src/boards/canvas/rules.ts'
import { Renderer } from '../../src/boards/render/renderer.ts'
import { type App, createApp } from '../../src/http/app.ts'
import type { Archive } from '../../src/http/archive.ts'
import { Images } from '../../src/http/board-images.ts'
import { Failures } from '../../src/http/failures.ts'
import type { HttpServices } from '../../src/http/services.ts'
import { Rooms } from '../../src/live/rooms.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Log, Position } from '../../src/log/port.ts'
import { LmdbMeterStore } from '../../src/meters/lmdb.ts'
import { Meters } from '../../src/meters/meters.ts'
import type { MeterSource } from '../../src/meters/source.ts'
import { PlayerDirectory } from '../../src/players/directory.ts'
import { Identities } from '../../src/players/identity.ts'
import { Kv } from '../../src/store/kv.ts'
import { openTestCaptures } from './test-captures.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

export const ADMIN_TOKEN = 'the-organisers-token'

/** The start of one of the windows of ten seconds that the lobby's rule counts in. */
const T0 = Date.UTC(2026, 0, 1)

/** The wall clock of the tests stands until it is moved; timers are another clock's, `speed` times as fast. */
export class WallClock implements Clock {
  nowMs = T0
  readonly #timers: Clock
  readonly #speed: number

  constructor(timers: Clock, speed: number) {
    this.#timers = timers
    this.#speed = speed
  }

  now(): number {
    return this.nowMs
  }

  elapsedMs(): number {
    return this.#timers.elapsedMs() * this.#speed
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#timers.after(delayMs / this.#speed, task)
  }
}

export interface HttpSetup {
  readonly log?: Log
  readonly archive?: Archive
  readonly trustedProxies?: readonly string[]
  readonly origins?: readonly string[]
  readonly playerRate?: number
  readonly addressRate?: number
  readonly burst?: number
  readonly joinRate?: number
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  readonly sephsplaceBoard?: string
  readonly boardMeters?: (id: string) => MeterSource | undefined
  readonly pageFolder?: string
  readonly speed?: number
  readonly timers?: Clock
  /** Of captures, their tables and frames. */
  readonly capturesFolder?: string
}

export function lobby(part: Partial<Created> = {}): Created {
  return {
    id: 'lobby',
    extent: { left: 0, top: 0, width: 1000, height: 1000 },
    palette: CLASSIC_PALETTE,
    background: 0,
    rules: FREE_RULES,
    ...part,
  }
}

function notMeasured(board: string): never {
  throw new SpateError('unavailable', `the meters of board ${board} are not there`)
}

/** A server of this process on a free port of loopback, on a log in memory, in a time of the test's. */
export class HttpServer {
  readonly url: string
  readonly clock: WallClock
  readonly services: HttpServices
  readonly #app: App
  readonly #log: Log

  private constructor(url: string, clock: WallClock, services: HttpServices, app: App, log: Log) {
    this.#log = log
    this.url = url
    this.clock = clock
    this.services = services
    this.#app = app
  }

  /** All that the server was told to answer, read from the tree that Fastify draws of it. */
  get routes(): { method: string; url: string }[] {
    const path: string[] = []
    return this.#app
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .flatMap((line) => {
        const [, indent = '', part = '', methods] =
          /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
        path.splice(indent.length / 4, path.length, part)
        return (methods?.split(', ') ?? []).map((method) => ({ method, url: path.join('') }))
      })
  }

  /** As the archive does with what it holds; here it is gone. */
  async trim(stream: string, upTo: Position): Promise<void> {
    await this.#log.trim(stream, upTo)
  }

  /** Ends viewers, then connections; resolves when all are gone. */
  async stop(): Promise<void> {
    await this.#app.close()
  }

  /** Stopped with the test. */
  static async start(t: Lifetime, setup: HttpSetup = {}): Promise<HttpServer> {
    const stack = new AsyncDisposableStack()
    t.after(() => stack.disposeAsync())
    const clock = new WallClock(setup.timers ?? systemClock, setup.speed ?? 1)
    const logger = pino({ level: 'silent' })
    const log = setup.log ?? stack.use(new MemoryLog(clock))
    const kv = stack.use(Kv.open(tempFolder(t), 16))
    const players = stack.use(await PlayerDirectory.open(log, kv))
    const boards = stack.use(
      await Boards.open({ log, kv, clock, onSnapshotError: () => {}, onStopped: () => {} }),
    )
    const meterKv = stack.use(Kv.open(tempFolder(t), 16))
    const meters = stack.use(await Meters.open(log, new LmdbMeterStore(meterKv)))
    const capturing = { log, kv, boards, players, clock, onError: () => {}, onStopped: () => {} }
    const { captures, jobs } = await openTestCaptures(t, capturing, setup.capturesFolder)
    const renderer = stack.use(new Renderer())
    const rooms = stack.use(new Rooms(clock))
    const burst = setup.burst ?? 1024
    const services: HttpServices = {
      log,
      archive: setup.archive,
      boards,
      rooms,
      players,
      meters,
      boardMeters: {
        of: (id) => setup.boardMeters?.(id) ?? notMeasured(id),
        states: () => [],
        processDeaths: 0,
      },
      captures,
      jobs,
      identities: new Identities('a-secret-of-the-tests'),
      renderer,
      images: new Images(renderer, clock),
      clock,
      logger,
      failures: new Failures(logger, clock),
      adminToken: ADMIN_TOKEN,
      origins: new Set(setup.origins ?? []),
      trustsProxy: networkMatcher(setup.trustedProxies ?? []),
      playerEdits: new RateLimit(setup.playerRate ?? 0, burst),
      addressEdits: new RateLimit(setup.addressRate ?? 0, burst),
      addressJoins: new RateLimit((setup.joinRate ?? 0) / 60, burst),
      maxConnections: setup.maxConnections ?? 10_000,
      maxConnectionsPerAddress: setup.maxConnectionsPerAddress ?? 10_000,
      sephsplaceBoard: setup.sephsplaceBoard ?? 'lobby',
      pageFolder: setup.pageFolder,
    }
    const app = await createApp(services)
    stack.defer(() => app.close())
    await app.listen({ host: '127.0.0.1', port: 0 })
    // A TCP server's address is an AddressInfo.
    const { port } = app.server.address() as AddressInfo
    return new HttpServer(`http://127.0.0.1:${port}`, clock, services, app, log)
  }

  /** As {@link start}, with one board, the lobby, that is free to paint on. */
  static async withLobby(
    t: Lifetime,
    part: Partial<Created> = {},
    setup: HttpSetup = {},
  ): Promise<HttpServer> {
    const server = await HttpServer.start(t, setup)
    await server.services.boards.create(lobby(part))
    return server
  }

  /** Somebody who asks this server for something. */
  client(headers: Readonly<Record<string, string>> = {}): HttpClient {
    return new HttpClient(this.url, headers)
  }

  get admin(): HttpClient {
    return this.client({ authorization: `Bearer ${ADMIN_TOKEN}` })
  }

  /** A visitor with a cookie, not yet known as a player. */
  async visitor(headers: Readonly<Record<string, string>> = {}): Promise<HttpClient> {
    const response = await this.client(headers).get('/api/me')
    const cookie = response.headers['set-cookie']?.split(';', 1)[0]
    if (cookie === undefined) throw new Error('no cookie was set')
    return this.client({ ...headers, cookie })
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON, in the shape that the test expects. */
  json<T = Readonly<Record<string, unknown>>>(): T
}

/** Sends requests and reads answers whole. */
export class HttpClient {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.url = url
    this.headers = headers
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const json = body === undefined || typeof body === 'string' ? undefined : 'application/json'
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: { ...this.headers, ...(json === undefined ? {} : { 'content-type': json }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      bytes,
      text: bytes.toString(),
      // What a test reads of an answer, it asserts.
      json: <T>() => JSON.parse(bytes.toString()) as T,
    }
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.send('GET', path, undefined, headers)
  }

  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  put(path: string, body?: unknown): Promise<Answer> {
    return this.send('PUT', path, body)
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.send('DELETE', path, body)
  }

  /** Places a cell of the lobby. */
  place(x: number, y: number, c: number): Promise<Answer> {
    return this.post('/api/boards/lobby/edit', { x, y, c })
  }
}
