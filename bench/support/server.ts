import { ServerProcess } from '../../test/support/server.ts'
import type { Run } from './bench.ts'
import { logFolder } from './board-folder.ts'
import { diskBytes } from './folder.ts'

const ADMIN_TOKEN = 'bench-admin-token-0123456789'

export interface Usage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Intents folded on all boards. */
  readonly cellsFolded: number
  readonly framesSent: number
  readonly framesSkipped: number
}

/** The real server in a process of its own, without limits on how much one address may do. */
export class BenchServer {
  readonly port: number
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
    this.port = Number(new URL(process.url).port)
  }

  /** Ended with the run. */
  static async start(run: Run, env: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
    const profiling = `--cpu-prof --cpu-prof-dir=${run.profileFolder}`
    const server = await ServerProcess.start(run, {
      SPATE_ADMIN_TOKEN: ADMIN_TOKEN,
      SPATE_PLAYER_RATE: '0',
      SPATE_ADDRESS_RATE: '0',
      SPATE_JOIN_RATE: '0',
      SPATE_MAX_CONNECTIONS_PER_ADDRESS: '20000',
      ...(run.profileFolder === undefined ? {} : { NODE_OPTIONS: profiling }),
      ...env,
    })
    run.after(() => server.end('SIGTERM'))
    return new BenchServer(server)
  }

  get url(): string {
    return this.#process.url
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Errors the process wrote; empty when all is well. */
  get stderr(): string {
    return this.#process.stderr
  }

  /** A square board without a cooldown. */
  async createBoard(id: string, side: number): Promise<void> {
    const response = await fetch(`${this.url}/api/boards`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id, width: side, height: side }),
    })
    if (response.status !== 201) throw new Error(`no board: ${await response.text()}`)
  }

  /** Seals all that the log holds. */
  async seal(): Promise<void> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const response = await fetch(`${this.url}/api/archive/seal`, { method: 'POST', headers })
    if (response.status !== 200) throw new Error(`not sealed: ${await response.text()}`)
    await response.arrayBuffer()
  }

  /** Identities of `count` visitors, as Cookie headers; each becomes a player with the first edit. */
  async cookies(count: number): Promise<string[]> {
    const cookies: string[] = []
    for (let i = 0; i < count; i++) {
      const response = await fetch(`${this.url}/api/me`)
      await response.arrayBuffer()
      const cookie = response.headers.get('set-cookie')?.split(';')[0]
      if (cookie === undefined) throw new Error('no cookie')
      cookies.push(cookie)
    }
    return cookies
  }

  async position(board: string): Promise<number> {
    const response = await fetch(`${this.url}/api/boards/${board}`)
    // The route's schema promises a position.
    return ((await response.json()) as { position: number }).position
  }

  async usage(): Promise<Usage> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const sum = (name: string): number =>
      [...text.matchAll(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'gm'))].reduce(
        (total, [, value]) => total + Number(value),
        0,
      )
    return {
      cpuSeconds: sum('process_cpu_seconds_total'),
      residentBytes: sum('process_resident_memory_bytes'),
      cellsFolded: sum('spate_board_cells'),
      framesSent: sum('spate_frames_sent'),
      framesSkipped: sum('spate_frames_skipped'),
    }
  }

  /** What the event log holds on disk. */
  logBytes(): number {
    return diskBytes(logFolder(this.#process.dataFolder))
  }

  end(): Promise<void> {
    return this.#process.end('SIGTERM')
  }
}
