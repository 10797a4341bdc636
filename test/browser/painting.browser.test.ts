import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { requires } from '../support/requires.ts'
import { Stage } from './stage.ts'

const [WHITE = 0, , , , , RED = 0, ORANGE = 0, , , , GREEN = 0] = CLASSIC_PALETTE
const NEAR = '&x=50&y=50&scale=20'
/** --loading of the style sheet. */
const LOADING = 0xcfd3dc

test('the page paints', { skip: requires('chromium') }, async (t) => {
  const stage = await Stage.open(t)

  await t.test('it loads without a complaint of the browser and shows the board', async (t) => {
    const board = await stage.board()
    const player = await stage.player()
    await player.post(`/api/boards/${board}/edit`, { x: 50, y: 50, c: 5 })
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    await visit.shows(50, 50, RED)
    await visit.shows(51, 50, WHITE)
    assert.equal(await visit.page.title(), `${board} · Spate`)
    assert.deepEqual(visit.complaints, [])
    const policy = (await stage.admin.get('/')).headers['content-security-policy'] ?? ''
    assert.match(policy, /default-src 'self'/)
    assert.doesNotMatch(policy, /unsafe/)
  })

  await t.test('a click paints, another page sees it live, and a reload still shows it', async (t) => {
    const board = await stage.board()
    const [painter, viewer] = await Promise.all([
      stage.visit(t, `?board=${board}${NEAR}`),
      stage.visit(t, `?board=${board}${NEAR}`),
    ])
    await painter.pick(10)
    await painter.click(48, 47)
    await viewer.shows(48, 47, GREEN)
    await painter.parkMouse()
    await painter.shows(48, 47, GREEN)
    await painter.page.reload()
    await painter.isLive()
    await painter.shows(48, 47, GREEN)
    assert.deepEqual([...painter.complaints, ...viewer.complaints], [])
  })

  await t.test('keys move a cursor, pick a colour, paint, undo', async (t) => {
    const board = await stage.board({ undoSeconds: 60 })
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    const { page } = visit
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('ArrowUp')
    await page.getByTestId('announcement').filter({ hasText: '60, 49: white' }).waitFor()
    await page.keyboard.press('7')
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowDown')
    await visit.shows(60, 49, ORANGE)
    await page.keyboard.press('Control+z')
    await visit.shows(60, 49, WHITE)
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await visit.shows(60, 50, ORANGE)
  })

  await t.test('the undo button counts down from a paint on, and takes it back', async (t) => {
    const board = await stage.board({ undoSeconds: 60 })
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    const undo = visit.page.getByRole('button', { name: /^Undo/ })
    assert.ok(await undo.isDisabled())
    await visit.click(45, 45)
    await visit.parkMouse()
    await visit.shows(45, 45, RED)
    await undo.click()
    await visit.shows(45, 45, WHITE)
    await visit.page.locator('button:disabled', { hasText: 'Undo' }).waitFor()
  })

  await t.test('paint shows at once, see-through until it is judged, and is taken back', async (t) => {
    const board = await stage.board()
    await stage.admin.put(`/api/boards/${board}/locks/middle`, {
      left: 40,
      top: 40,
      width: 10,
      height: 10,
      reason: 'a flag goes here',
    })
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    await visit.shows(50, 50, WHITE)
    const before = await visit.colorAt(43, 43)
    process.kill(stage.server.pid, 'SIGSTOP')
    try {
      await visit.click(43, 43)
      await visit.parkMouse()
      assert.notEqual(await visit.showsOther(43, 43, before), RED)
    } finally {
      process.kill(stage.server.pid, 'SIGCONT')
    }
    await visit.notice('This area is locked: a flag goes here.').waitFor()
    await visit.shows(43, 43, before)
  })

  await t.test('each refusal has its reason', async (t) => {
    const board = await stage.board({ cooldown: { seconds: 3600 } })
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    await visit.click(45, 45)
    await visit.page.getByTestId('cooldown').filter({ hasText: 'Next paint in' }).waitFor()
    await visit.click(46, 45)
    await visit.notice(/^Too soon: you can paint again in (60 min|59 min \d+ s)\.$/).waitFor()
    await visit.click(45, 45)
    await visit.notice('The cell already has this colour.').waitFor()
    const zone = { left: 0, top: 0, width: 10, height: 10 }
    await stage.admin.post(`/api/boards/${board}/rules`, { activeZone: zone, cooldown: {} })
    await visit.click(47, 45)
    await visit.notice('Only the bright part of the board is open for painting.').waitFor()
    await visit.parkMouse()
    const { player } = (await (await visit.page.request.get(`${stage.server.url}/api/me`)).json()) as {
      player: number
    }
    await stage.admin.post(`/api/boards/${board}/bans`, { player })
    await visit.click(47, 46)
    await visit.notice('You are banned from painting on this board.').waitFor()
  })

  await t.test('[V29] times are right on a machine whose clock is an hour ahead', async (t) => {
    const board = await stage.board({ cooldown: { seconds: 50 } })
    const visit = await stage.visit(t, '')
    await visit.page.clock.install({ time: Date.now() + 3_600_000 })
    await visit.open(`?board=${board}${NEAR}`)
    await visit.click(45, 45)
    await visit.page
      .getByTestId('cooldown')
      .filter({ hasText: /^Next paint in (50|4\d) s$/ })
      .waitFor()
    await visit.parkMouse()
    await visit.shows(45, 45, RED)
    const at = await visit.pixelOf(45, 45)
    await visit.page.mouse.click(at.x, at.y, { button: 'right' })
    await visit.page
      .getByTestId('cell-card')
      .filter({ hasText: /, just now\.$/ })
      .waitFor()
    await visit.open(`?board=${board}${NEAR}`)
    await visit.page
      .getByTestId('cooldown')
      .filter({ hasText: /^Next paint in (50|[1-4]\d) s$/ })
      .waitFor()
  })

  await t.test('on the way to another board nothing of the one before is shown', async (t) => {
    const [from, to] = [await stage.board(), await stage.board()]
    const player = await stage.player()
    for (const [board, c] of [
      [from, 10],
      [to, 5],
    ]) {
      await player.post(`/api/boards/${board}/edit`, { x: 45, y: 45, c })
    }
    const visit = await stage.visit(t, `?board=${from}${NEAR}`)
    const { page } = visit
    await visit.shows(45, 45, GREEN)
    const gate = Promise.withResolvers<void>()
    await page.route('**/chunks/0/0*', async (route) => {
      await gate.promise
      await route.continue()
    })
    const asked = page.waitForRequest('**/chunks/0/0*')
    await page.evaluate(
      `history.pushState(null, '', '?board=${to}${NEAR}'); dispatchEvent(new Event('popstate'))`,
    )
    await asked
    await visit.shows(45, 45, LOADING)
    gate.resolve()
    await visit.shows(45, 45, RED)
  })

  await t.test('who painted a cell, and under which name', async (t) => {
    const board = await stage.board()
    const rival = await stage.player()
    assert.equal((await rival.put('/api/me', { name: 'first' })).status, 200)
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    const { page } = visit
    await page.getByRole('button', { name: 'Name' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your name' })
    await dialog.getByRole('textbox').fill('First')
    await dialog.getByRole('button', { name: 'Take this name' }).click()
    await dialog.getByRole('alert').filter({ hasText: 'taken' }).waitFor()
    await dialog.getByRole('textbox').fill('Second')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Second' }).waitFor()
    await visit.click(45, 45)
    await visit.parkMouse()
    await visit.shows(45, 45, RED)
    const at = await visit.pixelOf(45, 45)
    await page.mouse.click(at.x, at.y, { button: 'right' })
    await page.getByTestId('cell-card').filter({ hasText: 'Painted by Second, just now.' }).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('i')
    await page.getByTestId('cell-card').filter({ hasText: 'Nobody has painted here yet.' }).waitFor()
  })
})
