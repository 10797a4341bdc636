import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Digest } from '../../src/boards/digest.ts'
import { Api } from '../../src/client/api.ts'
import { ServerProcess } from '../support/server.ts'
import type { Lifetime } from '../support/tmp.ts'

const TOKEN = 'the-token-of-all-servers'
const POLL_MS = 20
const WITHIN_MS = 30_000

/** Several servers of one log. */
export class Fleet {
  readonly servers: ServerProcess[] = []
  readonly #env: Readonly<Record<string, string>>

  /**
   * @param log `SPATE_LOG`
   * @param env more of the same settings for all
   */
  constructor(log: string, env: Readonly<Record<string, string>> = {}) {
    this.#env = {
      SPATE_LOG: log,
      SPATE_SECRET: 'a-secret-of-all-servers',
      SPATE_ADMIN_TOKEN: TOKEN,
      SPATE_PLAYER_RATE: '0',
      SPATE_ADDRESS_RATE: '0',
      SPATE_JOIN_RATE: '0',
      ...env,
    }
  }

  /** One more, on an empty folder. */
  async add(t: Lifetime): Promise<ServerProcess> {
    const server = await ServerProcess.start(t, this.#env)
    this.servers.push(server)
    return server
  }

  /** Resolves when every server has the board. */
  async create(board: object & { readonly id: string }): Promise<void> {
    await this.admin('POST', '/api/boards', board)
    for (const { url } of this.servers) {
      await eventually(async () => (await fetch(`${url}/api/boards/${board.id}`)).status === 200)
    }
  }

  /** As the organiser, of the first server. */
  async admin(method: string, path: string, body?: object): Promise<void> {
    const headers = { authorization: `Bearer ${TOKEN}` }
    await new Api({ baseUrl: this.servers[0]?.url ?? '', headers }).request(method, path, body)
  }

  /** The digest that all have come to. */
  async digest(board: string): Promise<Digest> {
    let digests: Digest[] = []
    await eventually(async () => {
      digests = await Promise.all(this.servers.map(({ url }) => digestOf(url, board)))
      return new Set(digests.map(({ position }) => position)).size === 1
    })
    const [digest] = digests
    assert.ok(digest !== undefined)
    for (const other of digests) assert.deepEqual(other, digest, 'at the same position, all are the same')
    return digest
  }
}

export async function digestOf(url: string, board: string): Promise<Digest> {
  // The shape that the server's schema guarantees.
  return (await (await fetch(`${url}/api/boards/${board}/digest`)).json()) as Digest
}

/** What is waited for happens in other processes, so it is asked for. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + WITHIN_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < until, `not within ${WITHIN_MS} ms`)
    await pause(POLL_MS)
  }
}
