import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { SEAL_LIMITS, Sealer } from '../archive/sealer.ts'
import { type Clock, SteadyClock, systemClock } from '../base/clock.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import { RateLimit } from '../base/rate.ts'
import { Boards } from '../boards/boards.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { Renderer } from '../boards/render/renderer.ts'
import { Captures } from '../capture/captures.ts'
import { openSourceSocket } from '../capture/place/socket.ts'
import { openSourceFetch } from '../capture/source/fetch.ts'
import { type App, createApp } from '../http/app.ts'
import type { Archive } from '../http/archive.ts'
import { Images } from '../http/board-images.ts'
import { Failures } from '../http/failures.ts'
import { MAX_EDITS_A_FRAME } from '../live/protocol.ts'
import { Rooms } from '../live/rooms.ts'
import { MemoryLog } from '../log/memory.ts'
import type { Log } from '../log/port.ts'
import { Meters } from '../meters/meters.ts'
import { FREE_STANDING } from '../meters/port.ts'
import { PlayerDirectory } from '../players/directory.ts'
import { Identities, newSecret, newToken } from '../players/identity.ts'
import { BoardsMeters } from '../stats/boards-meters.ts'
import { type MeterPlace, openStores } from '../stats/place.ts'
import { Kv } from '../store/kv.ts'
import { openObjects } from '../store/objects/open.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { openTables } from '../store/sql/open.ts'
import { TABLE_LIMITS } from '../store/sql/port.ts'
import { type Config, networkMatcher } from './config.ts'
import { DataFolder } from './data-folder.ts'
import { freeBytesOf } from './free-bytes.ts'
import { openWork } from './jobs.ts'
import { openLastingLog } from './open-log.ts'

const PROJECTION_TABLES = 16
const JOIN_BURST = 256
const PAGE_FOLDER = join(import.meta.dirname, '../../web/dist')

/**
 * A running server. Started from the bottom up, stopped from the top down: no new work, then what is under
 * way, then the stores.
 */
export class SpateServer implements AsyncDisposable {
  readonly url: string
  readonly adminToken: string
  /** The admin token was made by this start and has to be shown. */
  readonly isNewAdminToken: boolean
  readonly #stack: AsyncDisposableStack

  private constructor(url: string, admin: { value: string; isNew: boolean }, stack: AsyncDisposableStack) {
    this.url = url
    this.adminToken = admin.value
    this.isNewAdminToken = admin.isNew
    this.#stack = stack
  }

  /** Errors: `locked-data`, `storage-failed`, `unavailable` for an address that cannot be listened on. */
  static async start(
    config: Config,
    logger: Logger = pino({ level: config.logLevel }),
  ): Promise<SpateServer> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await DataFolder.claim(config.dataFolder))
    const admin = await tokenOf(config, folder)
    const secret = config.secret ?? (await folder.secret('cookie-secret', newSecret)).value

    const clock = new SteadyClock(systemClock)
    const { log, archive, objects } = await openLog(config, folder, clock, logger, stack)
    const state = await stateFolder(config, folder)
    const kv = stack.use(Kv.open(state, PROJECTION_TABLES))
    const meterStores = stack.use(await openStores(meterPlace(config, state, 'meters')))
    const meters = stack.use(await Meters.open(log, await meterStores.open(FREE_STANDING)))
    const players = stack.use(await PlayerDirectory.open(log, kv))
    const boards = stack.use(
      await Boards.open({
        log,
        kv,
        clock,
        onSnapshotError: (board, error) => {
          logger.warn({ board, reason: messageOf(error) }, 'snapshot failed; the next one includes it')
        },
        onStopped: (board, { message: reason }) => logger.error({ board, reason }, 'board stopped'),
        keepsStrokes: true,
      }),
    )
    for (const { canvas } of boards.all()) clock.notBefore(canvas.timeMs)
    if (boards.all().length === 0) await createLobby(boards)
    const stats = stack.use(
      await BoardsMeters.open({
        boards,
        log,
        place: meterPlace(config, state, 'stats'),
        clock,
        onError: (board, error) => logger.warn({ board, reason: messageOf(error) }, 'board not measured'),
        onDeath: ({ message: reason }) => logger.error({ reason }, 'boards: measuring begins again'),
      }),
    )
    const tables = stack.use(
      openTables(config.db, join(state, 'tables'), {
        limits: TABLE_LIMITS,
        onDiscarded: (reason) =>
          logger.warn({ reason }, 'tables removed; they are folded again from the log'),
      }),
    )
    const captured = objects ?? stack.use(await openObjects({ kind: 'folder', path: join(state, 'objects') }))
    const jobs = stack.use(
      openWork({
        log,
        objects: captured,
        tables,
        clock,
        fetch: openSourceFetch(),
        onError: (error) => logger.warn({ reason: messageOf(error) }, 'jobs: tried again'),
      }),
    )
    const captures = stack.use(
      await Captures.open({
        log,
        kv,
        objects: captured,
        boards,
        players,
        tables,
        jobs,
        clock,
        random: Math.random,
        fetch: openSourceFetch(),
        openSocket: openSourceSocket,
        freeBytes: freeBytesOf(folder.path, clock),
        folder: join(config.log === 'memory' ? state : folder.path, 'captures'),
        onError: (capture, error) =>
          logger.warn({ capture, reason: messageOf(error) }, 'capture: tried again'),
        onStopped: (capture, { message: reason }) => logger.error({ capture, reason }, 'capture stopped'),
      }),
    )
    const renderer = stack.use(new Renderer())
    const rooms = stack.use(new Rooms(clock))
    const app = await createApp({
      log,
      archive,
      boards,
      rooms,
      players,
      meters,
      boardMeters: stats,
      captures,
      jobs,
      identities: new Identities(secret),
      renderer,
      images: new Images(renderer, clock),
      clock,
      logger,
      failures: new Failures(logger, clock),
      adminToken: admin.value,
      origins: new Set(config.origins),
      trustsProxy: networkMatcher(config.trustedProxies),
      playerEdits: new RateLimit(config.playerRate, MAX_EDITS_A_FRAME),
      addressEdits: new RateLimit(config.addressRate, 4 * MAX_EDITS_A_FRAME),
      addressJoins: new RateLimit(config.joinRate / 60, JOIN_BURST),
      maxConnections: config.maxConnections,
      maxConnectionsPerAddress: config.maxConnectionsPerAddress,
      sephsplaceBoard: config.sephsplaceBoard,
      pageFolder: existsSync(PAGE_FOLDER) ? PAGE_FOLDER : undefined,
    })
    stack.defer(() => app.close())
    const url = await listen(app, config)
    archive?.sealer.start()
    captures.start()
    // Other servers' jobs may wait there.
    if (config.db.kind === 'postgres') jobs.start()
    await folder.announce(url).catch((error: unknown) => {
      logger.warn({ reason: messageOf(error) }, 'a second start will not be told who has the data folder')
    })
    return new SpateServer(url, admin, stack.move())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

/** The board of the first start: sephsplace's size, colours and limit. */
const LOBBY = {
  id: 'lobby',
  extent: { left: 0, top: 0, width: 1000, height: 1000 },
  palette: CLASSIC_PALETTE,
  background: 0,
  rules: {
    cooldown: { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 },
    undoSeconds: 5,
    activeZone: null,
  },
} as const

/** The log with its archive: what it gave up is read from there. A log in memory has none. */
async function openLog(
  config: Config,
  { path }: DataFolder,
  clock: Clock,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<{ log: Log; archive: Archive | undefined; objects: ObjectStore | undefined }> {
  if (config.log === 'memory')
    return { log: stack.use(new MemoryLog(clock)), archive: undefined, objects: undefined }
  const { log, archived, objects } = await openLastingLog(config.log, config, path, clock, stack)
  const onError = (stream: string, error: unknown): void => {
    logger.warn({ stream, reason: messageOf(error) }, 'not archived; tried again later')
  }
  const sealer = stack.use(new Sealer({ log, objects, clock, onError }, SEAL_LIMITS))
  return { log: archived, archive: { sealer, objects, log: archived }, objects }
}

/** Where sums are kept, those of boards (`stats`) and the others. */
function meterPlace({ meters, log }: Config, state: string, part: 'meters' | 'stats'): MeterPlace {
  if (meters === 'lmdb') return { kind: 'lmdb', folder: join(state, part) }
  if (log !== 'memory') return { kind: 'redis', url: meters }
  throw new SpateError('invalid', 'a log in memory ends with its server, what SPATE_METERS names does not')
}

/** Several servers may start on an empty log at the same time. */
async function createLobby(boards: Boards): Promise<void> {
  try {
    await boards.create(LOBBY)
  } catch (error) {
    if (!(error instanceof SpateError) || error.code !== 'conflict') throw error
  }
}

/** What a log in memory is folded to must not outlive it either. */
async function stateFolder(config: Config, folder: DataFolder): Promise<string> {
  if (config.log !== 'memory') return join(folder.path, 'state')
  const path = join(folder.path, 'state-memory')
  await rm(path, { recursive: true, force: true })
  return path
}

async function tokenOf(config: Config, folder: DataFolder): Promise<{ value: string; isNew: boolean }> {
  if (config.adminToken !== undefined) return { value: config.adminToken, isNew: false }
  return folder.secret('admin-token', newToken)
}

async function listen(app: App, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port, backlog: 4096 })
  } catch (cause) {
    throw new SpateError(
      'unavailable',
      `cannot listen on ${host}:${port}: ${messageOf(cause)} (SPATE_HOST, SPATE_PORT)`,
      {
        cause,
      },
    )
  }
  // A TCP server's address is an AddressInfo.
  const { port: actual } = app.server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${actual}`
}
