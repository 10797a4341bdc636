import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { HttpServer } from '../../test/support/http.ts'
import { chromiumPath, requires } from '../../test/support/requires.ts'

test('[H22] the page of the API shows its routes under its own policy', {
  skip: requires('chromium'),
}, async (t) => {
  const server = await HttpServer.withLobby(t)
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] })
  t.after(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  await page.goto(`${server.url}/docs`)
  await page.getByText('Place one cell; answers once durable and judged').click()
  await page.getByText('A problem document (RFC 9457)').first().waitFor()
  assert.deepEqual(complaints, [])
})
