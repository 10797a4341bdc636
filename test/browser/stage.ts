import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'
import { HttpClient } from '../support/http.ts'
import { chromiumPath } from '../support/requires.ts'
import { ServerProcess } from '../support/server.ts'
import { Visit } from './visit.ts'

const PAGE = join(import.meta.dirname, '../../web/dist/index.html')
const DESKTOP = { width: 1000, height: 700 }
/** Rates are for crowds; a test is faster than a person. */
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

/** A server as a user starts it, a browser, and boards to play on: shared by the tests of a file. */
export class Stage {
  readonly server: ServerProcess
  readonly browser: Browser
  readonly admin: HttpClient
  #boards = 0

  private constructor(server: ServerProcess, browser: Browser, admin: HttpClient) {
    this.server = server
    this.browser = browser
    this.admin = admin
  }

  static async open(t: TestContext): Promise<Stage> {
    assert.ok(existsSync(PAGE), 'the page is not built: npm test builds it')
    const server = await ServerProcess.start(t, UNLIMITED)
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-background-networking'],
    })
    t.after(() => browser.close())
    const authorization = `Bearer ${await server.adminToken()}`
    return new Stage(server, browser, new HttpClient(server.url, { authorization }))
  }

  /** A new board of 100 × 100 cells without a limit, unless `part` says otherwise. Resolves with its id. */
  async board(part: Readonly<Record<string, unknown>> = {}): Promise<string> {
    this.#boards += 1
    const board = { id: `board-${this.#boards}`, width: 100, height: 100, ...part }
    const answer = await this.admin.post('/api/boards', board)
    assert.equal(answer.status, 201, answer.text)
    return board.id
  }

  /** Somebody who plays without a browser. */
  async player(): Promise<HttpClient> {
    const { headers } = await new HttpClient(this.server.url, {}).get('/api/me')
    const cookie = headers['set-cookie']?.split(';', 1)[0]
    assert.ok(cookie !== undefined)
    return new HttpClient(this.server.url, { cookie })
  }

  /** A visitor with a browser profile of their own, gone with the test. */
  async visit(t: TestContext, search: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({ viewport: DESKTOP, ...options })
    t.after(() => context.close())
    const page = await context.newPage()
    const visit = new Visit(page, this.server.url)
    await visit.open(search)
    return visit
  }
}
