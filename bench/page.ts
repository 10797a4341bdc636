/** How long from asking for a page of statistics to its chart, in a browser that was never here? */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { chromiumPath, requires } from '../test/support/requires.ts'
import { ServerProcess } from '../test/support/server.ts'
import { bench, type Run } from './support/bench.ts'
import { median } from './support/statistics.ts'

const PAGE = join(import.meta.dirname, '../web/dist/stats.html')
const TARGET_MS = 200
const DAYS = 365
const DAY = 86_400
/** The meter's, with a change of the clock in it, which UTC has not. */
const ZONE = 'Europe/Berlin'
const START = Date.UTC(2024, 11, 31, 23) / 1000
const ENTITIES = 20
/** A blank page, too, is made of words. */
const BLANK =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Blank</title><p>Blank'

/** Told by the page as it is drawn; asking a page over and over whether it is ready holds it up. */
const TELL = `new PerformanceObserver((list) => {
  if (list.getEntries().some(({ name }) => name === 'chart')) console.debug('drawn')
}).observe({ type: 'mark' })
new PerformanceObserver((list) => {
  for (const { name, startTime } of list.getEntries())
    if (name === 'first-contentful-paint') console.debug('painted ' + startTime)
}).observe({ type: 'paint' })`
const DRAWN = `performance.getEntriesByName('chart')[0].startTime`

interface Seen {
  /** First words or picture on the screen, ms since the navigation began. */
  readonly paintedMs: number
  /** Undefined for a page without a chart. */
  readonly drawnMs: number | undefined
}

/** In a profile of its own: nothing is cached, no connection is open. */
async function visit(browser: Browser, url: string, hasChart: boolean): Promise<Seen> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: ZONE,
  })
  try {
    const page = await context.newPage()
    await page.addInitScript(TELL)
    const said = (word: string) =>
      page.waitForEvent('console', { predicate: (message) => message.text().startsWith(word) })
    const told = Promise.all([said('painted'), ...(hasChart ? [said('drawn')] : [])])
    await page.goto(url, { waitUntil: 'commit' })
    const [painted] = await told
    const paintedMs = Number(painted?.text().split(' ')[1])
    return { paintedMs, drawnMs: hasChart ? await page.evaluate<number>(DRAWN) : undefined }
  } finally {
    await context.close()
  }
}

async function meterOfAYear(server: ServerProcess): Promise<void> {
  const headers = {
    authorization: `Bearer ${await server.adminToken()}`,
    'content-type': 'application/json',
  }
  const ask = async (method: string, path: string, body: unknown): Promise<void> => {
    const response = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    await response.arrayBuffer()
  }
  await ask('PUT', '/api/meters/steps', { lateSeconds: 10 * 366 * DAY })
  const writes = Array.from({ length: DAYS * ENTITIES }, (_, i) => ({
    meter: 'steps',
    entity: `walker ${i % ENTITIES}`,
    second: START + Math.floor(i / ENTITIES) * DAY + (i % ENTITIES) * 3600,
    amount: 1000 + (i % 997),
  }))
  await ask('POST', '/api/meters/writes', { writes })
}

async function benchYear(run: Run): Promise<void> {
  const server = await ServerProcess.start(run)
  await meterOfAYear(server)
  const blank = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(BLANK)
  })
  blank.listen(0, '127.0.0.1')
  await once(blank, 'listening')
  run.after(() => blank.close())
  // As listening sockets have it.
  const blankUrl = `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-background-networking'],
  })
  run.after(() => browser.close())
  const year = `${server.url}/meters/steps?show=${START}-${START + DAYS * DAY - 1}&by=day`
  const blankMs: number[] = []
  const drawnMs: number[] = []
  const paintedMs: number[] = []
  // The first of each warms the browser's and the server's code up: both are used by many.
  for (let i = -1; i < run.size(25, 1); i++) {
    const nothing = await visit(browser, blankUrl, false)
    const seen = await visit(browser, year, true)
    if (i < 0) continue
    blankMs.push(nothing.paintedMs)
    drawnMs.push(seen.drawnMs ?? Number.NaN)
    paintedMs.push(Math.max(seen.paintedMs, seen.drawnMs ?? 0))
  }
  const rival = 'a blank page on the screen'
  const rivalValue = median(blankMs)
  run.row({
    name: 'page: a year by day, drawn, first visit',
    value: median(drawnMs),
    unit: 'ms',
    rival,
    rivalValue,
    target: { atMost: TARGET_MS },
  })
  run.row({
    name: 'page: a year by day, on the screen, first visit',
    value: median(paintedMs),
    unit: 'ms',
    rival,
    rivalValue,
  })
  run.note(
    `least: drawn ${Math.round(Math.min(...drawnMs))} ms, blank ${Math.round(Math.min(...blankMs))} ms`,
  )
}

await bench(async (run) => {
  const absence = requires('chromium')
  if (absence !== false) run.skip(absence)
  else if (!existsSync(PAGE)) run.skip('the page is not built: npm run bench builds it')
  else await benchYear(run)
})
