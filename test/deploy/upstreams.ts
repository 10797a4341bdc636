import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '../../src/base/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { HttpServer, type HttpSetup } from '../support/http.ts'
import type { Lifetime } from '../support/tmp.ts'

export interface Answered {
  readonly method: string
  readonly url: string
  readonly status: number
  /** Whether the cache in front asked whether what it has is still so. */
  readonly isRevalidation: boolean
}

const SIDE = 256
const PROXY = '127.0.0.1'

/** Three servers of this process that share a log, behind a proxy of this machine, and all that they answer. */
export class Upstreams {
  readonly servers: readonly HttpServer[]
  readonly answers: Answered[] = []
  /** Of the whole images that they made or kept, as they handed them out. */
  readonly versions = new Set<number>()

  private constructor(servers: readonly HttpServer[]) {
    this.servers = servers
  }

  static async start(t: Lifetime, setup: HttpSetup = {}): Promise<Upstreams> {
    const shared = { ...setup, log: new MemoryLog(systemClock), trustedProxies: [PROXY] }
    const extent = { left: 0, top: 0, width: SIDE, height: SIDE }
    const first = await HttpServer.withLobby(t, { extent }, shared)
    const others = [await HttpServer.start(t, shared), await HttpServer.start(t, shared)]
    const upstreams = new Upstreams([first, ...others])
    const ports = new Set(upstreams.urls.map((url) => Number(new URL(url).port)))
    // The shape that Node documents for this channel.
    const heard = (message: unknown): void => {
      const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
      if (!ports.has(request.socket.localPort ?? 0)) return
      upstreams.answers.push({
        method: request.method ?? '',
        url: request.url ?? '',
        status: response.statusCode,
        isRevalidation: request.headers['if-none-match'] !== undefined,
      })
    }
    for (const { services } of upstreams.servers) {
      const { images } = services
      const get = images.get.bind(images)
      images.get = async (...asked) => {
        const image = await get(...asked)
        upstreams.versions.add(image.position)
        return image
      }
    }
    const finished = channel('http.server.response.finish')
    finished.subscribe(heard)
    t.after(() => finished.unsubscribe(heard))
    return upstreams
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url)
  }

  /** What was answered to a path. */
  to(url: string): Answered[] {
    return this.answers.filter((answer) => answer.url === url)
  }
}
