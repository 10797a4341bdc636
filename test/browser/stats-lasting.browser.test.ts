import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { HttpClient } from '../support/http.ts'
import { requires } from '../support/requires.ts'
import { Stage } from './stage.ts'
import { StatsVisit } from './stats-visit.ts'

async function add(stage: Stage, entity: string, amount: number): Promise<void> {
  const second = Math.floor(Date.now() / 1000)
  const answer = await stage.admin.post('/api/meters/writes', {
    writes: [{ meter: 'points', entity, second, amount }],
  })
  assert.equal(answer.status, 200, answer.text)
}

async function visit(t: TestContext, stage: Stage, path: string): Promise<StatsVisit> {
  const context = await stage.browser.newContext()
  t.after(() => context.close())
  const visit = new StatsVisit(await context.newPage(), stage.server.url)
  await visit.open(path)
  return visit
}

test('the pages of statistics last', { skip: requires('chromium') }, async (t) => {
  const stage = await Stage.open(t)
  const declared = await stage.admin.put('/api/meters/points', {})
  assert.equal(declared.status, 200, declared.text)
  await add(stage, 'ann', 5)

  await t.test('[W6] a killed server is waited for; then all is as it is by then', async (t) => {
    const visited = await visit(t, stage, '/meters/points?show=hour')
    const { page } = visited
    await visited.leads('1 ann 5')
    await page.locator('[data-status="live"]').waitFor()
    await stage.server.end('SIGKILL')
    await page.getByText('The server cannot be reached. What you see may be old').waitFor()
    await visited.leads('1 ann 5')
    await page.getByRole('button', { name: 'Day', exact: true }).click()
    await visited.leads('1 ann 5')
    await stage.server.start()
    await add(stage, 'bob', 9)
    await page.locator('[data-status="live"]').waitFor()
    await visited.leads('1 bob 9', '2 ann 5')
    await visited.isDrawn(24)
    await page.getByText('Altogether: 14').waitFor()
    await page.getByText('The server cannot be reached').waitFor({ state: 'detached' })
  })

  await t.test('[W6] what is past shows as soon as a server is there that was away', async (t) => {
    const now = Math.floor(Date.now() / 1000)
    const visited = await visit(t, stage, `/meters/points?show=${now - 1800}-${now + 60}`)
    const { page } = visited
    await visited.leads('1 bob 9', '2 ann 5')
    await stage.server.end('SIGKILL')
    await page.getByRole('radio', { name: 'Total so far' }).check()
    await page.getByText('The server cannot be reached').waitFor()
    await stage.server.start()
    await page.getByText('At the end: 14').waitFor()
    await page.getByText('The server cannot be reached').waitFor({ state: 'detached' })
  })

  await t.test('what is painted on a board shows while one looks on', async (t) => {
    const board = 'lobby'
    const [ann, bob] = [await stage.player(), await stage.player()]
    await ann.put('/api/me', { name: 'Ann' })
    await bob.put('/api/me', { name: 'Bob' })
    const paint = async (player: HttpClient, x: number, c: number): Promise<void> => {
      const answer = await player.post(`/api/boards/${board}/edit`, { x, y: 1, c })
      assert.equal(answer.status, 200, answer.text)
    }
    const numberOf = async (player: HttpClient) =>
      (await player.get('/api/me')).json<{ player: number }>().player
    const [annNumber, bobNumber] = [await numberOf(ann), await numberOf(bob)]
    const visited = await visit(t, stage, `/boards/${board}/stats?show=hour`)
    const { page } = visited
    await page.getByText('Nothing happened in this span.').first().waitFor()
    await page.locator('[data-status="live"]').waitFor()
    await paint(ann, 1, 5)
    await paint(ann, 1, 6)
    await paint(ann, 2, 5)
    await paint(bob, 1, 7)
    await visited.leads(`1 Ann #${annNumber} 3`, `2 Bob #${bobNumber} 1`)
    await page.getByText('Altogether: 4').waitFor()
    await page.getByRole('radio', { name: 'Distinct cells' }).check()
    await visited.leads(`1 Ann #${annNumber} 2`, `2 Bob #${bobNumber} 1`)
    await page.getByRole('radio', { name: 'Surviving cells' }).check()
    await visited.leads(`1 Ann #${annNumber} 1`, `2 Bob #${bobNumber} 1`)
    assert.deepEqual(visited.complaints, [])
  })
})
