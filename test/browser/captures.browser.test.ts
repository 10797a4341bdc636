import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContextOptions } from 'playwright-core'
import { CapturesStage } from './captures-stage.ts'

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  hasTouch: true,
  isMobile: true,
  colorScheme: 'dark',
}

test('[K55] a capture is shown with its state, its rate, and each hole, under the mouse, by keys and as a table', async (t) => {
  const stage = await CapturesStage.open(t)
  await stage.capture(t, 'event')
  const visit = await stage.visit(t)
  const { page } = visit
  const panel = page.getByRole('region', { name: 'event', exact: true })
  await panel.getByRole('link', { name: 'Board', exact: true }).click()
  await page.getByRole('link', { name: 'How its capture is doing' }).click()
  await panel.getByRole('link', { name: 'Statistics' }).waitFor()
  await panel.locator('output').filter({ hasText: 'Following' }).waitFor()
  const bar = panel.getByRole('slider', { name: /^Coverage, canvas 0: / })
  await bar.waitFor()

  // Each canvas has its bar; of the holes the mouse tells the one it is over, with its cause.
  assert.equal(await panel.locator('.coverage-bar').count(), 2)
  await panel.locator('.coverage').first().locator('.hole').hover()
  const told = panel.getByTestId('hole').first()
  await told.filter({ hasText: 'a frame was gone (404)' }).waitFor()
  await page.mouse.move(1, 1)
  await told.filter({ hasNotText: '404' }).waitFor()

  // So do the keys, for who hears the page, too.
  await bar.focus()
  await told.filter({ hasText: 'a frame was gone (404)' }).waitFor()
  assert.match(
    (await bar.getAttribute('aria-valuetext')) ?? '',
    /^Hole from 2022-.*: a frame was gone \(404\)$/,
  )
  await page.keyboard.press('Escape')
  await told.filter({ hasNotText: '404' }).waitFor()

  // And a table, of all canvases.
  await panel.getByText('1 hole', { exact: true }).last().click()
  const rows = panel.getByRole('region', { name: 'Holes' }).locator('tbody tr')
  assert.equal(await rows.count(), 1)
  assert.match(
    ((await rows.textContent()) ?? '').replaceAll(/\s+/g, ' '),
    /^2022-.* ms0a frame was gone \(404\)$/,
  )

  // What happens shows by itself, the picture too.
  const kept = panel.locator('.facts div').filter({ hasText: 'Kept' }).locator('dd')
  const before = await kept.textContent()
  await stage.tick()
  await visit.until(
    `document.querySelectorAll('.facts dd')[4].textContent !== ${JSON.stringify(before)}`,
    `document.querySelectorAll('.facts dd')[4].textContent`,
  )
  await visit.until(`document.querySelector('.last-frame img').naturalWidth === 48`)
  assert.deepEqual(visit.complaints, [])
})

test('[K56] a server that goes away is waited for; what is known stays', async (t) => {
  const stage = await CapturesStage.open(t)
  await stage.capture(t, 'event')
  const { page } = await stage.visit(t)
  const panel = page.getByRole('region', { name: 'event', exact: true })
  await panel.locator('.coverage-bar').first().waitFor()
  await page.route('**/api/captures', (route) => route.abort())
  await page.getByText('The server cannot be reached.').waitFor()
  assert.equal(await panel.locator('.coverage-bar').count(), 2)
  await page.unroute('**/api/captures')
  await page.locator('header [data-status="live"]').waitFor()
})

test('[K55] a phone shows all of it without scrolling sideways; without captures it says how to begin', async (t) => {
  const stage = await CapturesStage.open(t)
  const empty = await stage.visit(t)
  await empty.page.getByText('Nothing is captured yet').waitFor()
  await empty.page.getByRole('link', { name: 'Boards' }).click()
  await empty.page.getByRole('button', { name: /^lobby/ }).click()
  assert.equal(await empty.page.getByRole('link', { name: 'How its capture is doing' }).count(), 0)
  await empty.page.getByRole('link', { name: 'Captures' }).click()
  await empty.page.getByText('Nothing is captured yet').waitFor()
  await stage.capture(t, 'event')
  const visit = await stage.visit(t, PHONE)
  await visit.page.locator('.coverage-bar').first().waitFor()
  await visit.page.getByText('The 2 canvases').click()
  await visit.until(
    'document.documentElement.scrollWidth <= innerWidth',
    'document.documentElement.scrollWidth',
  )
  assert.deepEqual(visit.complaints, [])
})
