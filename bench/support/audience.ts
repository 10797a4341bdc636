import type { Run } from './bench.ts'
import { Brush } from './brush.ts'
import { Generator } from './generator.ts'
import { BenchServer } from './server.ts'
import type { ViewerCommands } from './viewers.ts'

const BOARD = 'bench'
const SIDE = 1000
const SETTLE_MS = 20_000

export interface AudienceOptions {
  readonly viewers: number
  readonly cellsPerTick: number
  readonly hz: number
}

export interface Delivered {
  /** µs of the server's CPU a frame and viewer, painting and judging included. */
  readonly cpuUs: number
  readonly framesPerSecond: number
  readonly frameBytes: number
  readonly residentBytes: number
}

/** A server, viewers of one board, and one player who gives them something to see. */
export class Audience {
  readonly #options: AudienceOptions
  readonly #server: BenchServer
  readonly #viewers: Generator<ViewerCommands>
  readonly #brush: Brush

  private constructor(
    options: AudienceOptions,
    server: BenchServer,
    viewers: Generator<ViewerCommands>,
    brush: Brush,
  ) {
    this.#options = options
    this.#server = server
    this.#viewers = viewers
    this.#brush = brush
  }

  static async start(run: Run, options: AudienceOptions): Promise<Audience> {
    const server = await BenchServer.start(run)
    await server.createBoard(BOARD, SIDE)
    const viewers = Generator.start<ViewerCommands>(run, 'viewers.ts')
    const path = `/api/boards/${BOARD}/live`
    await viewers.call('watch', { port: server.port, path, count: options.viewers })
    const [cookie = ''] = await server.cookies(1)
    const brush = await Brush.connect(run, server.port, BOARD, cookie, options.cellsPerTick)
    return new Audience(options, server, viewers, brush)
  }

  async round(seconds: number): Promise<Delivered> {
    const before = { usage: await this.#server.usage(), report: await this.#viewers.call('report', null) }
    await this.#brush.paint(seconds, this.#options.hz)
    const after = { usage: await this.#server.usage(), report: await this.#viewers.call('report', null) }
    const frames = after.report.frames - before.report.frames
    return {
      cpuUs: ((after.usage.cpuSeconds - before.usage.cpuSeconds) * 1e6) / frames,
      framesPerSecond: frames / this.#options.viewers / seconds,
      frameBytes: (after.report.bytes - before.report.bytes) / frames,
      residentBytes: after.usage.residentBytes,
    }
  }

  /** Every viewer has been shown every cell exactly once, and is where the board is. */
  async check(): Promise<void> {
    const position = await this.#server.position(BOARD)
    const giveUpMs = performance.now() + SETTLE_MS
    let report = await this.#viewers.call('report', null)
    while (report.position.least < position && performance.now() < giveUpMs) {
      report = await this.#viewers.call('report', null)
    }
    const { cells, resyncs, closed } = report
    const { accepted } = this.#brush
    const isComplete =
      cells.least === accepted && cells.most === accepted && report.position.least === position
    if (isComplete && resyncs === 0 && closed === 0) return
    throw new Error(
      `${this.#options.viewers} viewers at ${report.position.least} to ${report.position.most} of ${position}, ` +
        `shown ${cells.least} to ${cells.most} of ${accepted} cells, ${resyncs} resyncs, ${closed} closed`,
    )
  }

  async end(): Promise<void> {
    await this.#viewers.end()
    await this.#server.end()
  }
}
