import fastifyStatic from '@fastify/static'
import type { App } from './app.ts'

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

/** Addresses of pages by their file; what they show is in the address. */
const PAGES: readonly (readonly [url: string, file: string])[] = [
  ['/boards/:id/stats', 'stats.html'],
  ['/meters', 'stats.html'],
  ['/meters/:meter', 'stats.html'],
  ['/captures', 'captures.html'],
]

/** The built pages, and what they bring, compressed where that lies beside it. */
export async function servePages(app: App, folder: string): Promise<void> {
  await app.register(async (scope: App) => {
    // A path that no file can have is a file that is not there.
    scope.setErrorHandler((error, _request, reply) => {
      if ((error as { statusCode?: number }).statusCode !== 403) throw error
      return reply.callNotFound()
    })
    await scope.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      preCompressed: true,
      setHeaders(response, path) {
        void response.header('content-security-policy', CONTENT_SECURITY_POLICY)
        void response.header('referrer-policy', 'same-origin')
        const isHashed = path.includes('/assets/')
        void response.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
    for (const [url, file] of PAGES) {
      scope.get(url, { schema: { hide: true } }, async (_request, reply) => reply.sendFile(file))
    }
  })
}
