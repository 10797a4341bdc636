import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { adminRoutes } from './admin.ts'
import { boardRoutes } from './boards.ts'
import { sephsplaceRoutes } from './compat/sephsplace.ts'
import { limitConnections } from './connections.ts'
import { editRoutes } from './edits.ts'
import { eventRoutes } from './events.ts'
import { healthRoutes } from './health.ts'
import { historyRoutes } from './history.ts'
import { imageRoutes } from './images.ts'
import { importRoutes } from './import.ts'
import { meRoutes } from './me.ts'
import { ProblemSchema, problemOf, retryAfterSeconds } from './problem.ts'
import type { HttpServices } from './services.ts'
import { attachSockets } from './sockets.ts'
import { checkOrigin, type Visitor, visitorOf } from './visitor.ts'

declare module 'fastify' {
  interface FastifyRequest {
    visitor: Visitor
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
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Only what the page itself brings; the canvas makes its images from blobs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** All routes of a server. Not listening yet. */
export async function createApp(services: HttpServices): Promise<App> {
  const app = fastify({
    loggerInstance: services.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: services.trustsProxy,
    bodyLimit: MAX_BODY_BYTES,
    // A request must be complete in time, however slowly it trickles in.
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 10_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: true },
    forceCloseConnections: true,
  }).withTypeProvider<TypeBoxTypeProvider>()
  limitConnections(app.server, services)

  app.addSchema(ProblemSchema)
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500 && problem.code === 'internal') request.log.error(error)
    const retryAfter = retryAfterSeconds(problem)
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter)
    return reply.status(problem.status).type('application/problem+json').send(problem)
  })
  app.setNotFoundHandler((request, reply) => {
    const problem = problemOf({
      statusCode: 404,
      message: `there is no ${request.method} ${pathOf(request)}`,
    })
    return reply.status(404).type('application/problem+json').send(problem)
  })

  app.decorateRequest('visitor')
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    void reply.header('x-content-type-options', 'nosniff')
    if (!SAFE_METHODS.has(request.method)) checkOrigin(request.raw, services)
    request.visitor = visitorOf(request.raw, request.ip, services)
  })

  await app.register(swagger, {
    openapi: {
      info: {
        title: 'Spate',
        version: '1',
        description: 'Hosts, captures, replays and scores massive live events.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })

  for (const routes of [
    meRoutes,
    boardRoutes,
    imageRoutes,
    editRoutes,
    eventRoutes,
    historyRoutes,
    adminRoutes,
    importRoutes,
    healthRoutes,
    sephsplaceRoutes,
  ]) {
    await app.register(async (scope: App) => routes(scope, services))
  }
  if (services.pageFolder !== undefined) {
    await app.register(fastifyStatic, {
      root: services.pageFolder,
      cacheControl: false,
      setHeaders(response, path) {
        void response.header('content-security-policy', CONTENT_SECURITY_POLICY)
        void response.header('referrer-policy', 'same-origin')
        const isHashed = path.includes('/assets/')
        void response.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
  }
  attachSockets(app.server, services)
  return app
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
