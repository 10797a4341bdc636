import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { App } from './app.ts'
import { ProblemSchema } from './problem.ts'

/**
 * The page brings all that it needs. Not the package's own policy: that one asks browsers to fetch the page's
 * parts over TLS, which a server on a local network does not have.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const DONE = { 200: { description: 'Done' } }
const PROBLEM = {
  description: 'A problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
}

/** OpenAPI at /docs/json, a page at /docs. Before the routes that it is about. */
export async function registerDocs(app: App): Promise<void> {
  app.addSchema(ProblemSchema)
  await app.register(swagger, {
    openapi: {
      info: {
        title: 'Spate',
        version: '1',
        description: 'Hosts, captures, replays and scores massive live events.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => String($id ?? `def-${i}`) },
    transform: ({ schema, url }) => ({
      url,
      // Whatever a route may refuse, it refuses with the same kind of document.
      schema: { ...schema, response: { ...(schema?.response ?? DONE), default: PROBLEM } },
    }),
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: CONTENT_SECURITY_POLICY })
}
