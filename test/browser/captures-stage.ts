import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'
import type { LostFrame } from '../../src/capture/place/lost-frames.ts'
import type { JobsAnswer } from '../../src/client/jobs.ts'
import { CapturingServer, eventually } from '../support/capturing.ts'
import { deadFrames } from '../support/dead-jobs.ts'
import { FakePlace } from '../support/fake-place.ts'
import { chromiumPath } from '../support/requires.ts'
import type { Lifetime } from '../support/tmp.ts'
import { StatsVisit } from './stats-visit.ts'

const PAGE_FOLDER = join(import.meta.dirname, '../../web/dist')
const DESKTOP = { width: 1280, height: 900 }
export const DEAD_REASON = 'HTTP 410'
const CANVASES = [
  { index: 0, dx: 0, dy: 0 },
  { index: 1, dx: 24, dy: 0 },
]

/** A server that follows an r/place of two canvases, of which one has a hole, and a browser. */
export class CapturesStage {
  readonly server: CapturingServer
  readonly browser: Browser
  #source: FakePlace | undefined

  private constructor(server: CapturingServer, browser: Browser) {
    this.server = server
    this.browser = browser
  }

  /** @param lost frames whose jobs failed, for {@link DEAD_REASON}, before the server began */
  static async open(t: Lifetime, lost: readonly LostFrame[] = []): Promise<CapturesStage> {
    assert.ok(existsSync(join(PAGE_FOLDER, 'captures.html')), 'the page is not built: npm test builds it')
    const server = await CapturingServer.start(t, {}, async (folder) => {
      if (lost.length > 0) await deadFrames(folder, lost, DEAD_REASON)
    })
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-background-networking'],
    })
    t.after(() => browser.close())
    return new CapturesStage(server, browser)
  }

  /** Resolves when both canvases are followed and the hole is over. */
  async capture(t: Lifetime, name: string): Promise<void> {
    const source = await FakePlace.open(t, { canvases: CANVASES })
    this.#source = source
    const { pageUrl, queryUrl } = source.settings()
    const settings = { pageUrl, queryUrl, patienceMs: 200, breakMs: 25, downloadTries: 1 }
    const begun = await (await this.server.admin()).put(`/api/captures/${name}`, { kind: 'place', settings })
    assert.equal(begun.status, 204, begun.text)
    await source.until(() => CANVASES.every(({ index }) => source.listeners(index).length === 2))
    for (let i = 0; i < 12; i++) await source.tick(i % 2)
    await source.tickWithFault(0, 404)
    await source.full(0)
    await this.tick()
    await eventually('the hole is over', async () => {
      const { report } = await this.server.capture(name)
      return CANVASES.every(({ index }) => {
        const last = source.frames.findLast(({ canvas }) => canvas === index)
        const canvas = report.canvases.find((each) => each.canvas === index)
        return canvas?.waiting === 0 && canvas.covered.at(-1)?.toMs === last?.timestampMs
      })
    })
  }

  /** A frame that cannot be had: a job that is tried again and again. */
  async lose(): Promise<void> {
    const source = this.#source
    assert.ok(source !== undefined, 'nothing is captured')
    await source.tickWithFault(0, 500)
    await source.full(0)
    const admin = await this.server.admin()
    await eventually('the frame is a job that failed once', async () => {
      const { jobs } = (await admin.get('/api/jobs?state=retrying')).json<JobsAnswer>()
      return jobs.length > 0
    })
  }

  async tick(): Promise<void> {
    for (const { index } of CANVASES) await this.#source?.tick(index)
  }

  /** A visitor with a browser profile of their own, gone with the test. */
  async visit(t: TestContext, options: BrowserContextOptions = {}): Promise<StatsVisit> {
    const context = await this.browser.newContext({ viewport: DESKTOP, timezoneId: 'UTC', ...options })
    t.after(() => context.close())
    const visit = new StatsVisit(await context.newPage(), this.server.server.url)
    await visit.open('/captures')
    return visit
  }
}
