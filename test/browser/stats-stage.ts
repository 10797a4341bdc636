import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'
import type { Meters } from '../../src/meters/meters.ts'
import type { Write } from '../../src/meters/writes.ts'
import { DECLARATIONS } from '../../src/stats/declarations.ts'
import { HttpServer, lobby } from '../support/http.ts'
import { declaration, openMeters } from '../support/meters.ts'
import { chromiumPath } from '../support/requires.ts'
import type { Lifetime } from '../support/tmp.ts'
import { StatsVisit } from './stats-visit.ts'

const PAGE_FOLDER = join(import.meta.dirname, '../../web/dist')
const DESKTOP = { width: 1280, height: 900 }
const BOARDS = ['lobby', 'garden']

/** A placement as the meters of a board are told of it. */
export interface Placed {
  readonly player: string
  readonly color: number
  readonly second: number
  readonly count?: number
}

/** A server whose clock goes, boards whose meters the test writes itself, and a browser. */
export class StatsStage {
  readonly server: HttpServer
  readonly browser: Browser
  readonly #boards: ReadonlyMap<string, Meters>

  private constructor(server: HttpServer, browser: Browser, boards: ReadonlyMap<string, Meters>) {
    this.server = server
    this.browser = browser
    this.#boards = boards
  }

  static async open(t: Lifetime): Promise<StatsStage> {
    assert.ok(existsSync(join(PAGE_FOLDER, 'stats.html')), 'the page is not built: npm test builds it')
    const boards = new Map<string, Meters>()
    for (const board of BOARDS) {
      const { meters } = await openMeters(t)
      for (const { name, dimensions } of DECLARATIONS) await meters.declare(declaration(name, { dimensions }))
      boards.set(board, meters)
    }
    const server = await HttpServer.start(t, {
      pageFolder: PAGE_FOLDER,
      boardMeters: (id) => boards.get(id),
    })
    for (const id of BOARDS) await server.services.boards.create(lobby({ id }))
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-background-networking'],
    })
    t.after(() => browser.close())
    const stage = new StatsStage(server, browser, boards)
    stage.tick()
    return stage
  }

  /** The server's clock stands; here it goes on to the browser's. */
  tick(): void {
    this.server.clock.nowMs = Date.now()
  }

  get nowSecond(): number {
    this.tick()
    return Math.floor(this.server.clock.now() / 1000)
  }

  /** Each is a cell of its own that stays. */
  async place(board: string, placements: readonly Placed[]): Promise<void> {
    this.tick()
    const meters = this.#boards.get(board)
    assert.ok(meters !== undefined)
    const writes = placements.flatMap(({ player, color, second, count = 1 }): Write[] => {
      const add = { kind: 'add', entity: player, second, amount: count } as const
      const ofColor = { ...add, entity: String(color) }
      return [
        { ...add, meter: 'placements', dimensions: [String(color)] },
        { ...add, meter: 'cells' },
        { ...add, meter: 'surviving' },
        { ...ofColor, meter: 'colors' },
        { ...ofColor, meter: 'area' },
      ]
    })
    for (let i = 0; i < writes.length; i += 10_000) await meters.write(writes.slice(i, i + 10_000))
  }

  /** A free-standing meter with what was added to it. */
  async meter(name: string, part: object, adds: readonly object[]): Promise<void> {
    const any = { lateSeconds: 1_000_000_000, futureSeconds: 1_000_000_000 }
    const declared = await this.server.admin.put(`/api/meters/${name}`, { ...any, ...part })
    assert.equal(declared.status, 200, declared.text)
    for (let i = 0; i < adds.length; i += 10_000) await this.add(name, adds.slice(i, i + 10_000))
  }

  async add(name: string, adds: readonly object[]): Promise<void> {
    this.tick()
    const writes = adds.map((add) => ({ meter: name, ...add }))
    const answer = await this.server.admin.post('/api/meters/writes', { writes })
    assert.equal(answer.status, 200, answer.text)
  }

  /** A player with a name; resolves with the number. */
  async player(name: string): Promise<string> {
    const visitor = await this.server.visitor()
    const answer = await visitor.put('/api/me', { name })
    assert.equal(answer.status, 200, answer.text)
    return String(answer.json<{ player: number }>().player)
  }

  /** A visitor with a browser profile of their own, gone with the test. */
  async visit(t: TestContext, path: string, options: BrowserContextOptions = {}): Promise<StatsVisit> {
    this.tick()
    const context = await this.browser.newContext({ viewport: DESKTOP, timezoneId: 'UTC', ...options })
    t.after(() => context.close())
    const visit = new StatsVisit(await context.newPage(), this.server.url)
    await visit.open(path)
    return visit
  }
}
