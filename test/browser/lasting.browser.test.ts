import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { requires } from '../support/requires.ts'
import { Stage } from './stage.ts'

const BLUE = CLASSIC_PALETTE[12] ?? 0
const RED = CLASSIC_PALETTE[5] ?? 0
const NEAR = '&x=50&y=50&scale=20'

test('the page lasts', { skip: requires('chromium') }, async (t) => {
  const stage = await Stage.open(t)

  await t.test(
    'a killed server comes back: the page resumes by itself and shows what it missed',
    async (t) => {
      const board = await stage.board()
      const visit = await stage.visit(t, `?board=${board}${NEAR}`)
      const player = await stage.player()
      await visit.click(45, 45)
      await visit.parkMouse()
      await visit.shows(45, 45, RED)
      await stage.server.end('SIGKILL')
      await visit.isAway()
      await visit.click(46, 45)
      await visit.notice('Not connected').waitFor()
      await stage.server.start()
      const answer = await player.post(`/api/boards/${board}/edit`, { x: 40, y: 45, c: 12 })
      assert.equal(answer.status, 200, answer.text)
      await visit.isLive()
      await visit.parkMouse()
      await visit.shows(40, 45, BLUE)
      await visit.shows(45, 45, RED)
      await visit.click(50, 45)
      await visit.parkMouse()
      await visit.shows(50, 45, RED)
    },
  )

  await t.test(
    '[V30] what is waited for is tried at once when the network or the person is back',
    async (t) => {
      const board = await stage.board()
      const visit = await stage.visit(t, '')
      const { page } = visit
      await page.clock.install()
      await visit.open(`?board=${board}`)
      const isSeen = `document.dispatchEvent(new Event('visibilitychange'))`
      for (const event of [`dispatchEvent(new Event('online'))`, isSeen]) {
        // Time stands: no wait ends by itself.
        await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000)
        await stage.server.end('SIGKILL')
        await visit.isAway()
        await stage.server.start()
        await page.evaluate(event)
        await visit.isLive()
        await page.clock.resume()
      }
    },
  )

  await t.test('what an organiser changes shows without a reload', async (t) => {
    const board = await stage.board()
    const visit = await stage.visit(t, `?board=${board}${NEAR}`)
    const { page } = visit
    await page.getByText('100 × 100').waitFor()
    await stage.admin.post(`/api/boards/${board}/resize`, { left: -20, top: 0, width: 140, height: 100 })
    await page.getByText('140 × 100').waitFor()
    const colors = page.getByRole('radio')
    assert.equal(await colors.count(), 16)
    const palette = [...CLASSIC_PALETTE, 0x123456].map((rgb) => `#${rgb.toString(16).padStart(6, '0')}`)
    await stage.admin.post(`/api/boards/${board}/palette`, { palette })
    await page.getByRole('radio', { name: '#123456' }).waitFor()
    await visit.pick(16)
    await visit.click(45, 45)
    await visit.parkMouse()
    await visit.shows(45, 45, 0x123456)
    assert.equal(await page.getByRole('button', { name: /^Undo/ }).count(), 0)
    const zone = { left: 0, top: 0, width: 50, height: 100 }
    await stage.admin.post(`/api/boards/${board}/rules`, { undoSeconds: 5, activeZone: zone })
    await page.getByRole('button', { name: /^Undo/ }).waitFor()
    await visit.showsOther(60, 45, 0xffffff)
    await visit.shows(44, 45, 0xffffff)
  })

  await t.test('of a vast board only what is seen is fetched', async (t) => {
    const board = await stage.board({ width: 65_536, height: 65_536 })
    const player = await stage.player()
    const far = `/api/boards/${board}/chunks/200/100`
    for (const [x, y] of [
      [50, 45],
      [200 * 256, 100 * 256],
    ]) {
      await player.post(`/api/boards/${board}/edit`, { x, y, c: 12 })
    }
    const asked: string[] = []
    const visit = await stage.visit(t, '', {})
    visit.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await visit.open(`?board=${board}${NEAR}`)
    await visit.shows(50, 45, BLUE)
    assert.ok(asked.includes(`/api/boards/${board}/chunks/0/0`))
    assert.ok(!asked.includes(far))
    const fetched = visit.page.waitForResponse((response) => new URL(response.url()).pathname === far)
    await visit.page.keyboard.press('f')
    assert.equal((await fetched).status(), 200)
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('a board that is left while more of it is fetched than fits is left for good', async (t) => {
    const side = 24
    const board = await stage.board({ width: side * 256, height: side * 256 })
    const chunks = Array.from({ length: side * side }, (_, i) => i)
    const painted = await stage.admin.post(`/api/boards/${board}/painted`, {
      x: chunks.map((i) => (i % side) * 256),
      y: chunks.map((i) => Math.floor(i / side) * 256),
      color: chunks.map(() => 12),
    })
    assert.equal(painted.status, 200, painted.text)
    const visit = await stage.visit(t, '')
    const { page } = visit
    const gate = Promise.withResolvers<void>()
    await page.route(`**/${board}/chunks/*/*`, async (route) => {
      await gate.promise
      await route.continue()
    })
    const goTo = (search: string): Promise<void> =>
      page.evaluate(`history.pushState(null, '', '${search}'); dispatchEvent(new Event('popstate'))`)
    const note = page.getByText('More is painted here than fits at once')
    await goTo(`?board=${board}`)
    await note.waitFor()
    await goTo('?board=lobby')
    await page.getByText('1000 × 1000').waitFor()
    await note.waitFor({ state: 'detached' })
    const fetched = page.waitForResponse(`**/${board}/chunks/*/*`)
    gate.resolve()
    await (await fetched).finished()
    await visit.isLive()
    await page.getByText('1000 × 1000').waitFor()
    assert.deepEqual(visit.complaints, [])
  })

  await t.test(
    'on a vast board, what was moved to while the server was away is there when it is back',
    async (t) => {
      const board = await stage.board({ width: 65_536, height: 65_536 })
      const player = await stage.player()
      await player.post(`/api/boards/${board}/edit`, { x: 3000, y: 50, c: 12 })
      const visit = await stage.visit(t, `?board=${board}&x=50&y=50&scale=2`)
      await stage.server.end('SIGKILL')
      await visit.isAway()
      for (let i = 0; i < 8; i++) {
        await visit.page.mouse.move(900, 300)
        await visit.page.mouse.down()
        await visit.page.mouse.move(160, 300)
        await visit.page.mouse.up()
      }
      await visit.page.waitForURL((url) => Math.abs(Number(url.searchParams.get('x')) - 3010) < 30)
      await stage.server.start()
      await visit.isLive()
      await visit.parkMouse()
      await visit.shows(3000, 50, BLUE)
    },
  )
})
