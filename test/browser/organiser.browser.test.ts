import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { BrowserContextOptions, Request } from 'playwright-core'
import type { LostFrame } from '../../src/capture/place/lost-frames.ts'
import { CapturesStage, DEAD_REASON } from './captures-stage.ts'
import type { StatsVisit } from './stats-visit.ts'

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  hasTouch: true,
  isMobile: true,
  colorScheme: 'dark',
}

/** Nobody listens there. */
const lost = (n: number): LostFrame => ({ capture: 'old', canvas: 1, url: `http://127.0.0.1:9/old-${n}.png` })

async function signIn({ page }: StatsVisit, token: string): Promise<void> {
  await page.getByRole('button', { name: 'Organiser' }).click()
  await page.getByRole('dialog').waitFor()
  // The field has the focus.
  await page.keyboard.type(token)
  await page.keyboard.press('Enter')
}

/** What the page asks for, from now on. */
function asked({ page }: StatsVisit): Request[] {
  const requests: Request[] = []
  page.on('request', (request) => requests.push(request))
  return requests
}

async function organised(t: TestContext, options?: BrowserContextOptions) {
  const stage = await CapturesStage.open(t, [lost(1), lost(2), lost(3)])
  // Opens the database, which takes its time on a loaded machine.
  await (await stage.server.admin()).get('/api/jobs')
  const visit = await stage.visit(t, options)
  return { stage, visit, page: visit.page, token: await stage.server.server.adminToken() }
}

test('[K57] nothing is asked for an organiser before the token is given, which this tab alone knows', async (t) => {
  const { visit, page, token } = await organised(t)
  const requests = asked(visit)
  await page.reload()
  await page.locator('header [data-status="live"]').waitFor()
  const isOrganisers = (request: Request): boolean =>
    request.headers().authorization !== undefined || request.url().includes('/api/jobs')
  assert.ok(requests.some((request) => request.url().endsWith('/api/captures')))
  assert.deepEqual(requests.filter(isOrganisers), [])

  // Neither another token nor what no header can carry is taken, and it is said.
  await signIn(visit, 'not-the-token')
  const alert = page.getByRole('dialog').getByRole('alert')
  await alert.filter({ hasText: 'This is not the organiser’s token.' }).waitFor()
  await page.getByLabel('Token').fill('ключ')
  await page.keyboard.press('Enter')
  await alert.filter({ hasText: 'This is not the organiser’s token.' }).waitFor()
  assert.equal(await page.evaluate('sessionStorage.length'), 0)

  await page.getByLabel('Token').fill(` ${token} `)
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Jobs', exact: true }).waitFor()
  assert.equal(await page.getByRole('dialog').count(), 0)
  await page.reload()
  await page.getByRole('region', { name: 'Jobs', exact: true }).waitFor()

  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.getByRole('button', { name: 'Organiser' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Organiser' }).waitFor()
  assert.equal(await page.getByRole('region', { name: 'Jobs', exact: true }).count(), 0)
  assert.deepEqual(await page.evaluate('[sessionStorage.length, localStorage.length]'), [0, 0])

  // It went nowhere but in a header, to the page's own server.
  const carrying = requests.filter((request) => request.headers().authorization === `Bearer ${token}`)
  assert.ok(carrying.length > 2)
  for (const request of requests) {
    assert.equal(new URL(request.url()).origin, visit.origin)
    assert.ok(!`${request.url()} ${request.postData()} ${request.headers().referer}`.includes(token))
  }
  assert.equal(page.url(), `${visit.origin}/captures`)
  assert.ok(
    visit.complaints.every((text) => text.includes('401')),
    visit.complaints.join('\n'),
  )
})

test('[K57] a token that is taken no more is forgotten, and it is said', async (t) => {
  const { visit, page, token } = await organised(t)
  await signIn(visit, token)
  await page.getByRole('region', { name: 'Jobs', exact: true }).waitFor()
  await page.route('**/api/captures', (route, request) =>
    request.headers().authorization === undefined
      ? route.fallback()
      : route.fulfill({ status: 401, json: { status: 401, code: 'unauthorized', detail: 'not known' } }),
  )
  await page.getByText('The server does not take the organiser’s token any more.').waitFor()
  await page.getByRole('button', { name: 'Organiser' }).waitFor()
  assert.equal(await page.evaluate('sessionStorage.length'), 0)
  await page.locator('header [data-status="live"]').waitFor()
})

test('[K57] the organiser sees the jobs of each capture, tries them again, and drops them when asked twice', async (t) => {
  const { stage, visit, page, token } = await organised(t)
  await stage.capture(t, 'event')
  await stage.lose()
  await signIn(visit, token)
  const jobs = page.getByRole('region', { name: 'Jobs', exact: true })
  const items = jobs.getByRole('listitem')
  const event = page.getByRole('region', { name: 'event', exact: true })

  // Of one capture, by its panel.
  await event.getByRole('button', { name: '1 retrying' }).click()
  await items.filter({ hasText: 'HTTP 500' }).waitFor()
  await visit.until(`document.querySelectorAll('.jobs li').length === 1`)
  assert.equal(await jobs.getByLabel('For').inputValue(), 'event')
  await visit.until(`document.activeElement.textContent === 'Jobs'`)

  // Of all: with their kind, their reason, and what may be done with them.
  await jobs.getByLabel('For').selectOption('')
  await jobs.getByLabel('Which').selectOption('failed')
  const failed = `document.querySelector('section[aria-label="Jobs"] tbody tr:has(th) td:last-child').textContent`
  await visit.until(`${failed} === '3'`, failed)
  await visit.until(`document.querySelectorAll('.jobs li').length === 3`)
  const second = items.filter({ hasText: 'old-2.png' })
  assert.match((await second.textContent()) ?? '', new RegExp(`^Failed.*old, canvas 1: 1 try${DEAD_REASON}`))

  await second.getByRole('button', { name: 'Drop old-2.png' }).click()
  const dialog = page.getByRole('dialog', { name: 'Drop this job?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  assert.equal(await second.count(), 1)
  await second.getByRole('button', { name: 'Drop old-2.png' }).click()
  await dialog.getByRole('button', { name: 'Drop', exact: true }).click()
  await page.getByText('1 job dropped.').waitFor()
  await visit.until(`document.querySelectorAll('.jobs li').length === 2`)
  await visit.until(`document.activeElement.textContent === 'Jobs'`)

  await items.getByRole('button', { name: 'Retry old-1.png' }).click()
  await page.getByText('1 job begun anew.').waitFor()
  await jobs.getByRole('button', { name: 'Retry all that failed (1)' }).click()
  await items.filter({ hasText: 'old-3.png' }).waitFor({ state: 'detached' })
  await jobs.getByText('No such jobs.').waitFor()
  assert.deepEqual(visit.complaints, [])
})

test('[K57] the organiser begins a capture and stops it', async (t) => {
  const { stage, visit, page, token } = await organised(t, PHONE)
  await signIn(visit, token)
  await page.getByRole('button', { name: 'Begin a capture' }).click()
  const dialog = page.getByRole('dialog', { name: 'Begin a capture' })
  const fits = 'document.documentElement.scrollWidth <= innerWidth'
  await visit.until(fits, 'document.documentElement.scrollWidth')

  // What is missing is said.
  await dialog.getByLabel('Name').fill('river')
  await dialog.getByLabel('Page that holds the token').fill('http://127.0.0.1:9/r/place/')
  await dialog.getByRole('button', { name: 'Begin' }).click()
  await dialog.getByText('Say where its WebSocket is').waitFor()

  await dialog.getByLabel('What is captured').selectOption('feed')
  await dialog.getByLabel('Address').fill('ws://127.0.0.1:9/')
  await dialog.getByRole('button', { name: 'Begin' }).click()
  await page.getByText('river is followed from now on.').waitFor()
  const river = page.getByRole('region', { name: 'river', exact: true })
  // Its words are the organiser's.
  await river.getByText('ECONNREFUSED').waitFor()
  const { wanted } = await wantedOf(stage, 'river')
  assert.deepEqual(wanted, { kind: 'feed', source: 'ws://127.0.0.1:9/' })

  // What is followed is not begun once more under its name.
  await page.getByRole('button', { name: 'Begin a capture' }).click()
  await dialog.getByLabel('What is captured').selectOption('spate')
  await dialog.getByLabel('Name').fill('river')
  await dialog.getByLabel('Address of the server').fill('http://127.0.0.1:9')
  await dialog.getByRole('button', { name: 'Begin' }).click()
  await dialog.getByText('river is followed already: stop it first.').waitFor()
  await page.keyboard.press('Escape')

  await river.getByRole('button', { name: 'Stop following river' }).click()
  await page
    .getByRole('dialog', { name: 'Stop river?' })
    .getByRole('button', { name: 'Stop', exact: true })
    .click()
  await river.getByText('Not followed', { exact: true }).waitFor()
  await visit.until(fits, 'document.documentElement.scrollWidth')
  assert.equal(await river.getByRole('button', { name: 'Stop following river' }).count(), 0)
  assert.deepEqual(visit.complaints, [])
})

async function wantedOf(stage: CapturesStage, name: string) {
  const { kind, report } = await stage.server.capture(name)
  return { wanted: { kind, source: report.source } }
}
