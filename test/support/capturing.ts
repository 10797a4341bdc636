import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { CaptureInfo } from '../../src/cli/capture/api.ts'
import { type CliRun, spate } from './cli.ts'
import { HttpClient } from './http.ts'
import { ServerProcess } from './server.ts'
import { copyTemplate } from './tables.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

const WITHIN_MS = 60_000
const POLL_MS = 20
/** Of the board that is followed. */
const SIDE = 64

/** What is waited for happens in other processes, so it is asked for. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + WITHIN_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < until, `${what}: not within ${WITHIN_MS} ms`)
    await pause(POLL_MS)
  }
}

/** A server with a board `event` that anybody may paint on as fast as they like. */
export class SourceServer {
  readonly server: ServerProcess
  readonly #painters: HttpClient[] = []

  private constructor(server: ServerProcess) {
    this.server = server
  }

  static async start(t: Lifetime, painters: number): Promise<SourceServer> {
    const free = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }
    const source = new SourceServer(await ServerProcess.start(t, free))
    const { server } = source
    const admin = new HttpClient(server.url, { authorization: `Bearer ${await server.adminToken()}` })
    const made = await admin.post('/api/boards', { id: 'event', width: SIDE, height: SIDE })
    assert.equal(made.status, 201, made.text)
    for (let i = 0; i < painters; i++) {
      const me = await new HttpClient(server.url, {}).get('/api/me')
      const cookie = me.headers['set-cookie']?.split(';', 1)[0] ?? ''
      source.#painters.push(new HttpClient(server.url, { cookie }))
    }
    return source
  }

  get page(): string {
    return `${this.server.url}/compat/place/event/`
  }

  /** Cells one after another, by all painters in turn; `n` tells which. */
  async paint(from: number, count: number): Promise<void> {
    for (let n = from; n < from + count; n++) {
      const painter = this.#painters[n % this.#painters.length]
      const cell = { x: (n * 7) % SIDE, y: (n * 13) % SIDE, c: (n % 15) + 1 }
      const answer = await painter?.post('/api/boards/event/edit', cell)
      assert.equal(answer?.status, 200, answer?.text)
    }
  }

  image(): Promise<Buffer> {
    return imageOf(this.server.url, 'event')
  }
}

/** A server that captures, in a process of its own; its database is made beforehand, which would take seconds. */
export class CapturingServer {
  readonly server: ServerProcess

  private constructor(server: ServerProcess) {
    this.server = server
  }

  /** @param prepare called with the folder of the database before the server has it */
  static async start(
    t: Lifetime,
    env: Readonly<Record<string, string>> = {},
    prepare = async (_tablesFolder: string): Promise<void> => {},
  ): Promise<CapturingServer> {
    const folder = tempFolder(t)
    await copyTemplate(`${folder}/state/tables`)
    await prepare(`${folder}/state/tables`)
    return new CapturingServer(await ServerProcess.start(t, { SPATE_DATA: folder, ...env }))
  }

  /** `spate ARGS` as its organiser. */
  spate(...args: readonly string[]): Promise<CliRun> {
    return spate(this.server.dataFolder, ...args)
  }

  get client(): HttpClient {
    return new HttpClient(this.server.url, {})
  }

  async admin(): Promise<HttpClient> {
    const token = await this.server.adminToken()
    return new HttpClient(this.server.url, { authorization: `Bearer ${token}` })
  }

  async capture(name: string): Promise<CaptureInfo> {
    const answer = await (await this.admin()).get(`/api/captures/${name}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json<CaptureInfo>()
  }

  image(name: string): Promise<Buffer> {
    return imageOf(this.server.url, name)
  }
}

async function imageOf(url: string, board: string): Promise<Buffer> {
  const { status, bytes } = await new HttpClient(url, {}).get(`/api/boards/${board}/image.png`)
  return status === 200 ? bytes : Buffer.alloc(0)
}
