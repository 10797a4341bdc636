import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type ConnectionError,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { SpateError } from '../base/errors.ts'
import { adminRoutes } from './admin.ts'
import { archiveRoutes } from './archive.ts'
import { boardRoutes } from './boards.ts'
import { captureRoutes } from './captures/captures.ts'
import { capturedExportRoutes } from './captures/export.ts'
import { jobRoutes } from './captures/jobs.ts'
import { capturedPixelRoutes } from './captures/pixels.ts'
import { Place } from './compat/place/place.ts'
import { placeRoutes } from './compat/place/routes.ts'
import { pointspacedRoutes } from './compat/pointspaced.ts'
import { sephsplaceRoutes } from './compat/sephsplace.ts'
import { ConnectionCounts, limitConnections, limitProxied, spareConnections } from './connections.ts'
import { registerDocs } from './docs.ts'
import { editRoutes } from './edits.ts'
import { eventRoutes } from './events.ts'
import { exportRoutes } from './export.ts'
import { healthRoutes } from './health.ts'
import { historyRoutes } from './history.ts'
import { imageRoutes } from './images.ts'
import { importRoutes } from './import.ts'
import { liveRoutes } from './live.ts'
import { meRoutes } from './me.ts'
import { meterRoutes } from './meters/meters.ts'
import { servePages } from './pages.ts'
import { placementRoutes } from './placements.ts'
import { invalidInput, problemOf, retryAfterSeconds } from './problem.ts'
import type { HttpServices } from './services.ts'
import { attachSockets } from './sockets.ts'
import { timelapseRoutes } from './timelapse.ts'
import { compileValidator } from './validation.ts'
import { checkOrigin, type Visitor, visitorOf } from './visitor.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Errors on reading: `unauthorized` for a token that is none. */
    readonly visitor: Visitor
  }
  interface FastifyContextConfig {
    /** Pages of other sites may ask: it knows no cookies and changes nothing. */
    readonly isOpenToPages?: boolean
  }
}

export type App = FastifyInstance<
  import('node:http').Server,
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

const MAX_BODY_BYTES = 1 << 20
/** What a request that is under way has when the server stops. */
const STOP_GRACE_MS = 5_000
const CONNECTION_ERRORS: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['HPE_HEADER_OVERFLOW', 431],
])
/** Of the answer that a refusal takes the place of. */
const ENTITY_HEADERS = ['content-encoding', 'etag', 'expires', 'x-content-version']
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** All routes of a server. Not listening yet. */
export async function createApp(services: HttpServices): Promise<App> {
  const answer = (error: unknown, reply: FastifyReply): FastifyReply => {
    const problem = problemOf(error)
    services.failures.answered(problem, error)
    const retryAfter = retryAfterSeconds(problem)
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter)
    void reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
    for (const name of ENTITY_HEADERS) void reply.removeHeader(name)
    return reply.status(problem.status).type('application/problem+json').send(problem)
  }
  const app = fastify({
    loggerInstance: services.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: services.trustsProxy,
    bodyLimit: MAX_BODY_BYTES,
    // A request must be complete in time, however slowly it trickles in.
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 10_000,
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2_000,
      // Node would refuse it without a document.
      requireHostHeader: false,
      // A client that offers HTTP/2 beside its request is answered in HTTP/1.1.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: true },
    // Connections with a request under way may finish it: see preClose.
    forceCloseConnections: 'idle',
    schemaErrorFormatter: invalidInput,
    frameworkErrors: (error, _request, reply) => void answer(error, reply),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(compileValidator)
  limitConnections(app.server, services)
  const endSpare = spareConnections(app.server)
  app.server.on('checkExpectation', refuseExpectation)
  const proxied = new ConnectionCounts(services.maxConnectionsPerAddress)

  app.setErrorHandler((error, _request, reply) => answer(error, reply))
  app.setNotFoundHandler((request, reply) =>
    answer({ statusCode: 404, message: `there is no ${request.method} ${pathOf(request)}` }, reply),
  )

  const visitors = new WeakMap<FastifyRequest, Visitor>()
  app.decorateRequest('visitor', {
    getter() {
      let visitor = visitors.get(this)
      if (visitor === undefined) {
        visitor = visitorOf(this.raw, this.ip, services)
        visitors.set(this, visitor)
      }
      return visitor
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff')
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw new SpateError('invalid', 'a request of HTTP/1.1 names its Host')
    const isOpen = SAFE_METHODS.has(request.method) || request.routeOptions.config?.isOpenToPages === true
    if (!isOpen) checkOrigin(request.raw, services)
  })
  limitProxied(app, services, proxied)
  if (services.origins.size > 0) {
    await app.register(cors, {
      origin: [...services.origins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: ['etag', 'retry-after', 'x-content-version'],
      maxAge: 600,
    })
  }

  await registerDocs(app)
  const place = new Place(services)

  for (const routes of [
    meRoutes,
    boardRoutes,
    imageRoutes,
    editRoutes,
    eventRoutes,
    placementRoutes,
    liveRoutes,
    historyRoutes,
    adminRoutes,
    importRoutes,
    exportRoutes,
    archiveRoutes,
    timelapseRoutes,
    meterRoutes,
    captureRoutes,
    capturedPixelRoutes,
    jobRoutes,
    capturedExportRoutes,
    sephsplaceRoutes,
    pointspacedRoutes,
    (scope: App) => healthRoutes(scope, services, place),
    (scope: App) => placeRoutes(scope, services, place),
  ]) {
    await app.register(async (scope: App) => routes(scope, services))
  }
  if (services.pageFolder !== undefined) await servePages(app, services.pageFolder)
  const stopSockets = attachSockets(app.server, services, proxied, place)
  let cancel = (): void => {}
  app.addHook('preClose', async () => {
    stopSockets()
    endSpare()
    cancel = services.clock.after(STOP_GRACE_MS, () => app.server.closeAllConnections())
  })
  app.addHook('onClose', async () => cancel())
  return app
}

/** For what is not even a request: there is nobody to answer but the connection. */
function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const status = CONNECTION_ERRORS.get(error.code) ?? 400
  const body = JSON.stringify(problemOf({ statusCode: status, message: 'not a request that can be read' }))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const problem = problemOf({ statusCode: 417, message: 'nothing but 100-continue can be expected' })
  const body = Buffer.from(JSON.stringify(problem))
  const headers = { 'content-type': 'application/problem+json', 'content-length': body.length }
  response.writeHead(417, { ...headers, 'x-content-type-options': 'nosniff', connection: 'close' }).end(body)
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
