import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { cellAt } from '../../web/src/view/view.ts'
import { readPng } from '../support/png.ts'
import { requires } from '../support/requires.ts'
import { Fingers } from './fingers.ts'
import { type Mural, paintMural } from './mural.ts'
import { Stage } from './stage.ts'
import { colorExpression } from './visit.ts'

const RED = CLASSIC_PALETTE[5] ?? 0
const DOCS = join(import.meta.dirname, '../../docs')
const PHONE = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
}

test('the page looks right', { skip: requires('chromium') }, async (t) => {
  const stage = await Stage.open(t)

  await t.test('on a phone everything is in reach, and a tap paints', async (t) => {
    const board = await stage.board({ undoSeconds: 5 })
    const visit = await stage.visit(t, `?board=${board}&x=50&y=50&scale=20`, PHONE)
    const { page } = visit
    const at = await visit.pixelOf(48, 47)
    await page.touchscreen.tap(at.x, at.y)
    await visit.shows(48, 47, RED)
    for (const control of await page.locator('button:visible, label.swatch').all()) {
      const box = await control.boundingBox()
      const name = await control.evaluate((element) => element.outerHTML)
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 390, name)
      assert.ok(box.y >= 0 && box.y + box.height <= 780, name)
      assert.ok(box.width >= 30 && box.height >= 30, name)
    }
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('on the smallest phones nothing runs over its edge, whatever is said', async (t) => {
    const id = 'a-board-with-a-rather-long-name'
    const board = await stage.board({ id, undoSeconds: 5, cooldown: { seconds: 3599 } })
    const small = { ...PHONE, viewport: { width: 320, height: 568 } }
    const visit = await stage.visit(t, `?board=${board}&x=50&y=50&scale=20`, small)
    const { page } = visit
    const fits = async (): Promise<void> => {
      // All at one moment: a notice may go between two questions.
      const boxes = await page
        .locator('.panel:visible, .panel :is(button, span):visible')
        .evaluateAll((elements) =>
          elements.map((element) => {
            const { left, right } = element.getBoundingClientRect()
            return { left, right, html: element.outerHTML }
          }),
        )
      for (const { left, right, html } of boxes) assert.ok(left >= 0 && right <= 320, html)
    }
    await page.touchscreen.tap(160, 200)
    await page.getByTestId('cooldown').filter({ hasText: 'Next paint in 59 min' }).waitFor()
    await fits()
    await page.goto(`${stage.server.url}/?board=${id}-that-is-nowhere`)
    await page.getByRole('alert').waitFor()
    await fits()
  })

  await t.test('a tap on cells too small to hit comes closer first', async (t) => {
    const board = await stage.board({ width: 1000, height: 1000 })
    const visit = await stage.visit(t, `?board=${board}`, PHONE)
    await visit.page.touchscreen.tap(200, 300)
    await visit.notice('now tap the cell to paint').waitFor()
    await visit.page.waitForURL((url) => Number(url.searchParams.get('scale')) >= 12)
    await visit.page.touchscreen.tap(200, 300)
    await visit.until(`document.querySelector('[data-testid="announcement"]').textContent === 'Painted.'`)
  })

  await t.test('two fingers pinch, and one held still asks who painted; neither paints', async (t) => {
    const board = await stage.board()
    const visit = await stage.visit(t, `?board=${board}&x=50&y=50&scale=10`, PHONE)
    const fingers = await Fingers.on(visit.page)
    await fingers.touch('touchStart', [150, 300], [250, 300])
    await fingers.touch('touchMove', [100, 300], [300, 300])
    await fingers.touch('touchEnd')
    await visit.page.waitForURL((url) => url.searchParams.get('scale') === '20')
    await fingers.touch('touchStart', [200, 300])
    await visit.page.getByTestId('cell-card').filter({ hasText: 'Nobody has painted here yet.' }).waitFor()
    await fingers.touch('touchEnd')
    const { x, y } = cellAt({ x: 50.5, y: 50.5, scale: 20 }, PHONE.viewport, { x: 200, y: 300 })
    const cell = await stage.admin.get(`/api/boards/${board}/cells/${x}/${y}`)
    assert.equal(cell.json<{ at: string | null }>().at, null)
  })

  await t.test('a click from far above paints, and comes closer to show it', async (t) => {
    const board = await stage.board({ width: 4000, height: 4000 })
    const visit = await stage.visit(t, `?board=${board}`)
    await visit.page.mouse.click(520, 320)
    await visit.page.waitForURL((url) => Number(url.searchParams.get('scale')) >= 12)
    await visit.parkMouse()
    await visit.until(`${colorExpression({ x: 520, y: 320 })} === ${RED}`)
  })

  await t.test('the wheel zooms to the cursor, a drag moves, and the address follows', async (t) => {
    const board = await stage.board()
    const visit = await stage.visit(t, `?board=${board}&x=50&y=50&scale=8`)
    const { page } = visit
    const isAt = (cell: string): Promise<void> =>
      page.getByTestId('position').filter({ hasText: cell }).waitFor()
    await page.mouse.move(300, 200)
    await isAt('25, 31')
    await page.mouse.wheel(0, -300)
    await page.waitForURL((url) => url.searchParams.get('scale') === '16')
    await page.mouse.move(301, 201)
    await isAt('25, 31')
    await page.mouse.move(508, 358)
    await isAt('38, 41')
    await page.mouse.down()
    await page.mouse.move(348, 358)
    await page.mouse.up()
    await page.mouse.move(508, 358)
    await isAt('48, 41')
    const answer = await stage.admin.get(`/api/boards/${board}/cells/38/41`)
    assert.equal(answer.json<{ at: string | null }>().at, null, 'a drag paints nothing')
  })

  await t.test('boards are a click away, and the browser goes back', async (t) => {
    const board = await stage.board()
    const visit = await stage.visit(t, '')
    const { page } = visit
    await page.getByRole('button', { name: /^lobby/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Boards' })
    await dialog.getByRole('link', { name: board }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.waitForURL((url) => url.searchParams.get('board') === board && url.searchParams.has('scale'))
    await visit.isLive()
    await page.goBack()
    await page.getByRole('button', { name: /^lobby/ }).waitFor()
    await visit.isLive()
    assert.deepEqual(visit.complaints, [])
  })

  await t.test(
    'colours are radio buttons, dialogs take and return the focus, everything has a name',
    async (t) => {
      const board = await stage.board()
      const visit = await stage.visit(t, `?board=${board}`)
      const { page } = visit
      await page.locator('input[name="color"]:checked').focus()
      await page.keyboard.press('ArrowRight')
      assert.equal(
        await page.locator('input[name="color"]:checked').getAttribute('aria-label'),
        'orange, #e59500',
      )
      await page.keyboard.press('Enter')
      await page.keyboard.press('Enter')
      await page.getByTestId('announcement').filter({ hasText: 'Painted.' }).waitFor()
      for (const button of await page.getByRole('button').all()) {
        const name = (await button.getAttribute('aria-label')) ?? (await button.textContent()) ?? ''
        assert.match(name, /\S/)
      }
      const help = page.getByRole('button', { name: 'Help' })
      await help.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog', { name: 'How to paint' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await visit.until(`document.activeElement?.getAttribute('aria-label') === 'Help'`)
    },
  )

  await t.test('it is dark where the system is', async (t) => {
    const board = await stage.board()
    const search = `?board=${board}&x=50&y=50&scale=8`
    const [light, dark] = await Promise.all([
      stage.visit(t, search, { colorScheme: 'light' }),
      stage.visit(t, search, { colorScheme: 'dark' }),
    ])
    const around = colorExpression(await light.pixelOf(-2, 50))
    await light.until(`(${around} & 0xff) > 180`)
    await dark.until(`(${around} & 0xff) < 60 && ${around} !== 0`)
    await light.page.emulateMedia({ colorScheme: 'dark' })
    await light.until(`(${around} & 0xff) < 60`)
  })

  await t.test('a board that does not exist is said so', async (t) => {
    const visit = await stage.visit(t, '')
    await visit.page.goto(`${stage.server.url}/?board=nowhere`)
    await visit.page.getByRole('alert').filter({ hasText: 'There is no board "nowhere".' }).waitFor()
  })

  await t.test('a picture of it for the README', async (t) => {
    const mural = paintMural()
    const board = await paintedBoard(stage, mural)
    const search = `?board=${board}&x=128&y=80&scale=5`
    const visit = await stage.visit(t, search, { viewport: { width: 1280, height: 800 } })
    await visit.shows(127, 79, CLASSIC_PALETTE[mural.colors[79 * mural.width + 127] ?? 0] ?? 0)
    await visit.page.mouse.move(700, 470)
    const png = await visit.page.screenshot()
    const { width, height, rgb } = await readPng(png)
    assert.deepEqual([width, height], [1280, 800])
    for (const color of CLASSIC_PALETTE) assert.ok(rgb.includes(color), `no #${color.toString(16)}`)
    if (process.env.SPATE_SCREENSHOT !== '1') return
    await mkdir(DOCS, { recursive: true })
    await writeFile(join(DOCS, 'screenshot.png'), png)
  })
})

/** A board with the mural on it. Resolves with its id. */
async function paintedBoard(stage: Stage, { width, height, colors }: Mural): Promise<string> {
  const id = await stage.board({ id: 'sunset', width, height, cooldown: { seconds: 5 }, undoSeconds: 5 })
  const numbers = [...colors.keys()]
  const answer = await stage.admin.post(`/api/boards/${id}/painted`, {
    x: numbers.map((i) => i % width),
    y: numbers.map((i) => Math.floor(i / width)),
    color: [...colors],
  })
  assert.equal(answer.status, 200, answer.text)
  return id
}
