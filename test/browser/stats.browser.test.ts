import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { readPng } from '../support/png.ts'
import { requires } from '../support/requires.ts'
import { Fingers } from './fingers.ts'
import { type Placed, StatsStage } from './stats-stage.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const HOUR = 3600
const DAY = 24 * HOUR
/** Midnight in UTC. */
const MONDAY = Date.UTC(2026, 2, 2) / 1000
const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
/** The week from that Monday, by day. */
const WEEK = `show=${MONDAY}-${MONDAY + 7 * DAY - 1}&by=day`

async function painters(stage: StatsStage): Promise<string[]> {
  const numbers: string[] = []
  for (const name of ['Mona', 'Hedgehog', 'مريم', 'Quinn', 'Zoë', 'Ivo', 'Noor', 'River', 'Agnes', 'Pete']) {
    numbers.push(await stage.player(name))
  }
  return numbers
}

/** Two weeks of people who come by day, and take turns at leading. */
function crowd(nowSecond: number, players: readonly string[]): Placed[] {
  const colors = [5, 12, 3, 8, 13, 10, 15, 5, 12]
  return Array.from({ length: 14 * 24 }, (_, ago): Placed[] => {
    const second = nowSecond - ago * HOUR
    const hour = Math.floor(second / HOUR) % 24
    const byDay = Math.max(0, Math.sin(((hour - 6) / 24) * 2 * Math.PI))
    return players.map((player, i) => ({
      player,
      color: colors[(i + ago) % colors.length] ?? 5,
      second,
      count: 1 + Math.floor((1 + 9 * byDay) * (1 + Math.sin(ago / 40 + i * 2)) * (12 / (i + 4))),
    }))
  }).flat()
}

/** The name and the outline of what has the focus; null: nothing has. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (element === document.body) return null
  const label = element.labels?.[0]?.textContent || element.textContent || element.placeholder
  const ring = getComputedStyle(element.matches('.tab input') ? element.nextElementSibling : element)
  return {
    name: (element.getAttribute('aria-label') ?? label).trim(),
    outline: ring.outlineStyle + ' ' + ring.outlineWidth,
  }
})()`

test('the pages of statistics', { skip: requires('chromium') }, async (t) => {
  const stage = await StatsStage.open(t)
  const ann = await stage.player('Ann')
  const bob = await stage.player('Bob')
  const day = (player: string, day: number, count: number, color = 5) => ({
    player,
    color,
    second: MONDAY + day * DAY + 12 * HOUR,
    count,
  })
  await stage.place('lobby', [day(ann, 0, 30), day(ann, 1, 10), day(bob, 1, 5), day(bob, 5, 40, 12)])
  await stage.place('garden', [day(ann, 1, 7)])

  await t.test('[W2] a span is chosen by dragging, and leaderboard and address follow', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`)
    await visit.isDrawn(7)
    await visit.leads(`1 Bob #${bob} 45`, `2 Ann #${ann} 40`)
    await visit.drag(1, 0, 7)
    await visit.leads(`1 Ann #${ann} 40`, `2 Bob #${bob} 5`)
    assert.equal(visit.query.get('span'), `${MONDAY}-${MONDAY + 2 * DAY - 1}`)
    await visit.page
      .getByTestId('chosen')
      .filter({ hasText: '2 Mar 2026 – 3 Mar 2026 chosen' })
      .waitFor({ state: 'attached' })
    await visit.drag(5, 5, 7)
    await visit.leads(`1 Bob #${bob} 40`)
    await visit.drag(5, 5, 7)
    await visit.leads(`1 Bob #${bob} 45`, `2 Ann #${ann} 40`)
    assert.equal(visit.query.get('span'), null)
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('[W2] a finger chooses as a mouse does', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`, PHONE)
    await visit.isDrawn(7)
    const fingers = await Fingers.on(visit.page)
    const box = await visit.chart.locator('.u-over').boundingBox()
    assert.ok(box !== null)
    const at = (period: number): readonly [number, number] => [
      box.x + ((period + 0.5) / 7) * box.width,
      box.y + 50,
    ]
    await fingers.touch('touchStart', at(0))
    await fingers.touch('touchMove', at(0.5))
    await fingers.touch('touchMove', at(1))
    await fingers.touch('touchEnd')
    await visit.leads(`1 Ann #${ann} 40`, `2 Bob #${bob} 5`)
  })

  await t.test('[W2] keys choose a span on the chart, and two fields do without it', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`)
    const { page } = visit
    await visit.isDrawn(7)
    await visit.chart.focus()
    await page.keyboard.press('Home')
    await visit.leads(`1 Ann #${ann} 30`)
    await page.keyboard.press('Shift+ArrowRight')
    await visit.leads(`1 Ann #${ann} 40`, `2 Bob #${bob} 5`)
    await page.keyboard.press('ArrowRight')
    await visit.leads(`1 Ann #${ann} 10`, `2 Bob #${bob} 5`)
    await visit.until(`document.activeElement?.classList.contains('chart')`)
    await page.keyboard.press('Escape')
    await visit.leads(`1 Bob #${bob} 45`, `2 Ann #${ann} 40`)
    await page.getByLabel('until').first().fill('2026-03-03T00:00:00')
    await visit.leads(`1 Ann #${ann} 30`)
    assert.equal(visit.query.get('span'), `${MONDAY}-${MONDAY + DAY - 1}`)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await visit.isDrawn(24)
    await page.goBack()
    await visit.isDrawn(7)
    await visit.leads(`1 Ann #${ann} 30`)
  })

  await t.test('[W1] a link shows the same, to somebody in another time zone, too', async (t) => {
    const search = `${WEEK}&span=${MONDAY}-${MONDAY + 2 * DAY - 1}&zone=UTC&measure=cells&who=${bob}&earlier=before`
    const visit = await stage.visit(t, `/boards/lobby/stats?${search}`, { timezoneId: 'Asia/Kolkata' })
    await visit.isDrawn(7)
    await visit.leads(
      `1 new was not there before Ann #${ann} 40 –`,
      `2 new was not there before Bob #${bob} 5 –`,
    )
    await visit.page.getByRole('heading', { name: `Bob #${bob}` }).waitFor()
    assert.equal(await visit.page.getByRole('radio', { name: 'Distinct cells' }).isChecked(), true)
    assert.deepEqual([...visit.query], [...new URLSearchParams(search)])
    await visit.until(`document.querySelector('.u-select').clientWidth > 200`)
  })

  await t.test('[W3] two spans are compared: who has come up, who has fallen, who is new', async (t) => {
    const tuesday = MONDAY + DAY
    const visit = await stage.visit(t, `/boards/lobby/stats?show=${MONDAY + 5 * DAY}-${MONDAY + 6 * DAY - 1}`)
    await visit.leads(`1 Bob #${bob} 40`)
    const choice = visit.page.getByLabel('compared with')
    await choice.selectOption('another span')
    const compare = visit.page.locator('.compare')
    await compare.getByLabel('from').fill('2026-03-03T00:00:00')
    await compare.getByLabel('until').fill('2026-03-04T00:00:00')
    await visit.leads(`1 ▲ 1 up 1 place Bob #${bob} 40 5`)
    assert.equal(visit.query.get('earlier'), `${tuesday}-${tuesday + DAY - 1}`)
    await choice.selectOption('nothing')
    await visit.leads(`1 Bob #${bob} 40`)
  })

  await t.test('[W3] what survives is what there is at the end of the span', async (t) => {
    const search = `${WEEK}&measure=surviving&span=${MONDAY + DAY}-${MONDAY + 2 * DAY - 1}`
    const visit = await stage.visit(t, `/boards/lobby/stats?${search}`)
    await visit.leads(`1 Ann #${ann} 40`, `2 Bob #${bob} 5`)
    await visit.page.getByText('At the end: 85').waitFor()
  })

  await t.test('[W4] a player is found by name, by number, and as oneself', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`)
    const { page } = visit
    await visit.isDrawn(7)
    const search = page.getByRole('searchbox')
    await search.fill('an')
    await page.locator('.found').getByRole('button', { name: 'Ann' }).click()
    await page.getByRole('heading', { name: `Ann #${ann}` }).waitFor()
    await visit.rowsAre('A player', [`1 Bob #${bob} 45`, `2 Ann #${ann} 40`])
    await search.fill(`#${bob}`)
    await search.press('Enter')
    await page.getByRole('heading', { name: `Bob #${bob}` }).waitFor()
    assert.equal(visit.query.get('who'), bob)
    await page.getByRole('button', { name: 'Me', exact: true }).click()
    await page.getByText('You have not painted yet.').waitFor()
    await search.fill('Ann')
    await search.press('Enter')
    await page.getByRole('heading', { name: `Ann #${ann}` }).waitFor()
    await search.fill('nobody at all')
    await page.getByText('Nobody is called so.').waitFor()
  })

  await t.test('[W5] a board is put beside others over the same span', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`)
    await visit.isDrawn(7)
    await visit.page.getByLabel('beside').selectOption('garden')
    await visit.rowsAre('Board against board', ['lobby 85', 'garden 7 ×'])
    await visit.drag(1, 1, 7)
    await visit.rowsAre('Board against board', ['lobby 15', 'garden 7 ×'])
    await visit.page.getByRole('button', { name: 'Take garden away' }).click()
    assert.equal(visit.query.get('versus'), null)
  })

  await t.test('[W10] colours of a board are stacked over time, with the cells that each has', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`)
    await visit.isDrawn(7)
    await visit.rowsAre('Colours', ['red #e50009 45 45', 'blue #0083c7 40 40'])
    await visit.drag(0, 1, 7)
    await visit.rowsAre('Colours', ['red #e50009 45 45'])
    await visit.page.locator('section[aria-label="Colours"] .chart[data-drawn="7"]').waitFor()
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('[W10] a meter is broken down by a dimension, and narrowed down to a value', async (t) => {
    const add = (entity: string, team: string, device: string, amount: number) => ({
      entity,
      dimensions: [team, device],
      second: MONDAY,
      amount,
    })
    await stage.meter('steps', { dimensions: ['team', 'device'] }, [
      add('ann', 'red', 'watch', 5),
      add('bob', 'blue', 'watch', 3),
      add('bob', 'blue', 'phone', 4),
      add('cid', 'a:b & c', 'phone', 1),
    ])
    const visit = await stage.visit(t, `/meters/steps?${WEEK}`)
    const { page } = visit
    await visit.rowsAre('Breakdown', ['blue 7', 'red 5', 'a:b & c 1'])
    await page.getByRole('region', { name: 'Breakdown' }).getByRole('combobox').selectOption('device')
    await visit.rowsAre('Breakdown', ['watch 8', 'phone 5'])
    await page.getByRole('button', { name: 'phone' }).click()
    await visit.leads('1 bob 4', '2 cid 1')
    await page.getByText('Altogether: 5').waitFor()
    await page.getByRole('region', { name: 'Breakdown' }).getByRole('combobox').selectOption('team')
    await page.getByRole('button', { name: 'a:b & c' }).click()
    await visit.leads('1 cid 1')
    assert.equal(visit.query.get('where.team'), 'a:b & c')
    await page.getByRole('button', { name: /^device: phone.*take away$/ }).click()
    await page.getByRole('button', { name: /^team: a:b & c.*take away$/ }).click()
    await visit.leads('1 bob 7', '2 ann 5', '3 cid 1')
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('[W4] streaks are ranked, and stand beside a player', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}&measure=streaks&who=${ann}`)
    await visit.leads(`1 Ann #${ann} 2 0`, `2 Bob #${bob} 1 0`)
    const facts = visit.page.locator('.facts')
    await facts.filter({ hasText: 'Longest streak2 days' }).waitFor()
    await facts.filter({ hasText: 'Streak now0 days' }).waitFor()
  })

  await t.test('[W8] days are those of the zone that is chosen, the own one by default', async (t) => {
    const change = Date.UTC(2026, 2, 28, 23) / 1000
    await stage.meter('clock', {}, [
      { entity: 'a', second: change, amount: 1 },
      { entity: 'a', second: change + 23 * HOUR - 1, amount: 2 },
      { entity: 'a', second: change + 23 * HOUR, amount: 4 },
    ])
    const search = `show=${change}-${change + 47 * HOUR - 1}&by=day`
    const visit = await stage.visit(t, `/meters/clock?${search}`, { timezoneId: 'Europe/Berlin' })
    await visit.isDrawn(2)
    await visit.page.getByText('The chart as a table').click()
    const tableIs = (...rows: string[]): Promise<void> => visit.rowsAre('Sum over time', rows)
    await tableIs('Sun 29 Mar 2026 3', 'Mon 30 Mar 2026 4')
    await visit.page.getByLabel('Time zone').selectOption('UTC')
    await tableIs('Sat 28 Mar 2026 1', 'Sun 29 Mar 2026 6', 'Mon 30 Mar 2026 0')
    assert.equal(visit.query.get('zone'), 'UTC')
  })

  await t.test('[W6] the present goes on: the leaderboard is the newest, the chart grows', async (t) => {
    const now = stage.nowSecond
    await stage.meter('live', {}, [{ entity: 'a', second: now - 10, amount: 5 }])
    const visit = await stage.visit(t, '/meters/live?show=hour&who=b')
    await visit.isDrawn(60)
    await visit.leads('1 a 5')
    await visit.page.locator('[data-status="live"]').waitFor()
    await stage.add('live', [{ entity: 'b', second: stage.nowSecond, amount: 7 }])
    await visit.leads('1 b 7', '2 a 5')
    await visit.page.getByText('Altogether: 12').waitFor()
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('[W2] who drags is not disturbed by what happens meanwhile', async (t) => {
    const now = stage.nowSecond
    await stage.meter('busy', {}, [{ entity: 'a', second: now - 1800, amount: 5 }])
    const visit = await stage.visit(t, '/meters/busy?show=hour')
    await visit.isDrawn(60)
    await visit.page.locator('[data-status="live"]').waitFor()
    await visit.drag(40, 10, 60, async () => {
      await stage.add('busy', [{ entity: 'b', second: stage.nowSecond, amount: 7 }])
      await visit.leads('1 b 7', '2 a 5')
    })
    await visit.leads('1 a 5')
    const [from = 0, to = 0] = (visit.query.get('span') ?? '').split('-').map(Number)
    assert.equal(to - from + 1, 31 * 60)
    await visit.until(`document.querySelector('.u-select').clientWidth > 300`)
  })

  await t.test('[W7] what is no longer kept is said, with a way to what is', async (t) => {
    const now = stage.nowSecond
    const day = Math.floor(now / DAY) * DAY
    await stage.meter('short', { retention: { second: HOUR, minute: HOUR, hour: DAY } }, [
      { entity: 'a', second: day - 20 * DAY, amount: 3 },
      { entity: 'a', second: now, amount: 4 },
    ])
    const visit = await stage.visit(t, `/meters/short?show=${day - 20 * DAY + HOUR}-${day - 10 * DAY}`)
    await visit.page.getByText('Not everything of this span is kept any more.').first().waitFor()
    await visit.page.getByRole('button', { name: /^Show .* by day, in UTC$/ }).click()
    await visit.page.getByText('Altogether: 3').waitFor()
    await visit.leads('1 a 3')
    assert.equal(visit.query.get('zone'), 'UTC')
  })

  await t.test('[W9] what is not there is said so, with ways to what is', async (t) => {
    const missing = await stage.visit(t, '/meters/nope')
    await missing.page.getByRole('alert').filter({ hasText: 'There is no meter nope.' }).waitFor()
    const board = await stage.visit(t, '/boards/nope/stats')
    await board.page.getByRole('alert').filter({ hasText: 'There is no board "nope".' }).waitFor()
    await board.page.getByRole('link', { name: 'All meters' }).click()
    await board.page.getByRole('link', { name: 'clock' }).click()
    await board.page.getByRole('heading', { name: 'clock' }).waitFor()
  })

  await t.test('an empty board, one point, and negative sums are drawn', async (t) => {
    await stage.meter('nothing', {}, [])
    const nothing = await stage.visit(t, '/meters/nothing')
    await nothing.page.getByText('Nothing happened in this span.').waitFor()
    assert.deepEqual(nothing.complaints, [])
    await stage.meter('signed', {}, [
      { entity: 'up', second: MONDAY, amount: 5 },
      { entity: 'down', second: MONDAY, amount: '-9007199254740993' },
    ])
    const signed = await stage.visit(t, `/meters/signed?show=${MONDAY}-${MONDAY}`)
    await signed.isDrawn(1)
    await signed.leads('1 up 5', '2 down -9,007,199,254,740,993')
    assert.deepEqual(signed.complaints, [])
  })

  await t.test(
    'ten thousand, names of 128 characters in any script: nothing runs over the edge of a phone',
    async (t) => {
      const names = ['x'.repeat(128), '🎉'.repeat(64), 'مريم '.repeat(25).trim(), '<b>&amp;', 'a\u202eb']
      const many = Array.from({ length: 10_000 }, (_, i) => ({
        entity: names[i] ?? `entity ${i}`,
        second: MONDAY + (i % DAY),
        amount: 20_000 - i,
      }))
      await stage.meter('many', { dimensions: [] }, many)
      const visit = await stage.visit(
        t,
        `/meters/many?show=${MONDAY}-${MONDAY + DAY - 1}&earlier=before`,
        PHONE,
      )
      const { page } = visit
      await visit.isDrawn(24)
      for (const name of names) await page.getByRole('button', { name }).waitFor()
      await page.getByRole('button', { name: 'Show 100', exact: true }).click()
      await visit.until(
        `document.querySelectorAll('section[aria-label="Leaderboard"] tbody tr').length === 100`,
      )
      await page.getByRole('searchbox').fill('ENTITY 9999')
      await page.locator('.found').getByRole('button').first().click()
      await page.getByRole('heading', { name: 'entity 9999' }).waitFor()
      await page.getByText('10,000', { exact: true }).first().waitFor()
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
      assert.deepEqual(visit.complaints, [])
      const search = `${WEEK}&who=${ann}&versus=garden&earlier=before&measure=surviving`
      const board = await stage.visit(t, `/boards/lobby/stats?${search}`, PHONE)
      await board.rowsAre('Board against board', ['lobby +85', 'garden +7 ×'])
      await board.page.locator('section[aria-label="Colours"] tbody tr').first().waitFor()
      assert.equal(await board.page.evaluate('document.documentElement.scrollWidth'), 360)
    },
  )

  await t.test('all that can be pressed or filled in has a name and shows its focus', async (t) => {
    const search = `${WEEK}&who=${ann}&versus=garden&earlier=${MONDAY}-${MONDAY + 9}`
    const visit = await stage.visit(t, `/boards/lobby/stats?${search}`)
    const { page } = visit
    await visit.rowsAre('Board against board', ['lobby 85', 'garden 7 ×'])
    await visit.leads(
      `1 new was not there before Bob #${bob} 45 –`,
      `2 new was not there before Ann #${ann} 40 –`,
    )
    const named: string[] = []
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate<{ name: string; outline: string } | null>(FOCUSED)
      if (focused === null) break
      assert.match(focused.name, /\S/)
      assert.equal(focused.outline, 'solid 2px', focused.name)
      named.push(focused.name)
    }
    for (const name of ['Board', 'Time zone', 'Hour', 'Placements by day, 2 Mar 2026 – 8 Mar 2026', 'Me']) {
      assert.ok(
        named.some((each) => each.startsWith(name)),
        `${name}: ${named.join(', ')}`,
      )
    }
    const tables = await page.getByRole('table').all()
    assert.ok(tables.length >= 4)
    for (const table of tables) {
      assert.match((await table.locator('caption').textContent()) ?? '', /\S/)
      assert.ok((await table.locator('th[scope="col"]').count()) > 0)
    }
  })

  await t.test('a year by day is drawn; how long that takes is told', async (t) => {
    const start = Date.UTC(2025, 0, 1) / 1000
    const adds = Array.from({ length: 365 * 20 }, (_, i) => ({
      entity: `walker ${i % 20}`,
      second: start + Math.floor(i / 20) * DAY + (i % 20) * HOUR,
      amount: 1000 + (i % 997),
    }))
    await stage.meter('year', {}, adds)
    const tookMs: number[] = []
    for (let i = 0; i < 5; i++) {
      const visit = await stage.visit(t, `/meters/year?show=${start}-${start + 365 * DAY - 1}&by=day`)
      await visit.isDrawn(365)
      tookMs.push(await visit.drawnMs())
      assert.deepEqual(visit.complaints, [])
    }
    const [least = 0, , median = 0] = tookMs.sort((a, b) => a - b)
    t.diagnostic(`from navigation to the drawn chart: ${Math.round(median)} ms (least ${Math.round(least)})`)
  })

  await t.test('a board leads to its statistics and back', async (t) => {
    const visit = await stage.visit(t, '/?board=garden')
    await visit.page.getByRole('link', { name: 'Statistics' }).click()
    await visit.page.getByRole('heading', { name: 'garden' }).waitFor()
    await visit.leads(`1 Ann #${ann} 7`)
    await visit.page.getByRole('link', { name: 'Board', exact: true }).click()
    await visit.page.getByRole('button', { name: /^garden/ }).waitFor()
    assert.deepEqual(visit.complaints, [])
  })

  await t.test('a picture of it for the README', async (t) => {
    await stage.place('garden', crowd(stage.nowSecond, [ann, bob, ...(await painters(stage))]))
    const visit = await stage.visit(t, `/boards/garden/stats?show=week&who=${ann}&earlier=before`, {
      viewport: { width: 1280, height: 1400 },
    })
    await visit.page.locator('section[aria-label="Colours"] .chart[data-drawn] canvas').waitFor()
    await visit.page.locator('section[aria-label="A player"] .facts').waitFor()
    await visit.until(`document.querySelectorAll('[aria-busy="true"]').length === 0`)
    const png = await visit.page.screenshot()
    if (process.env.SPATE_SCREENSHOT === '1') await writeFile(join(DOCS, 'statistics.png'), png)
    const { width, height, rgb } = await readPng(png)
    assert.deepEqual([width, height], [1280, 1400])
    for (const color of [0x1d5fe0, CLASSIC_PALETTE[5], CLASSIC_PALETTE[12]])
      assert.ok(rgb.includes(color ?? 0))
  })

  await t.test('it is dark where the system is, and redrawn when that changes', async (t) => {
    const visit = await stage.visit(t, `/boards/lobby/stats?${WEEK}`, { colorScheme: 'light' })
    await visit.isDrawn(7)
    const bar = `(() => {
      const canvas = document.querySelector('.chart canvas')
      const over = document.querySelector('.u-over')
      const ratio = canvas.width / canvas.clientWidth
      const x = (over.offsetLeft + over.clientWidth * 5.5 / 7) * ratio
      const y = (over.offsetTop + over.clientHeight - 5) * ratio
      return [...canvas.getContext('2d').getImageData(Math.floor(x), Math.floor(y), 1, 1).data].join()
    })()`
    await visit.until(`${bar} === '29,95,224,255'`, bar)
    await visit.page.emulateMedia({ colorScheme: 'dark' })
    await visit.until(`${bar} === '138,180,255,255'`, bar)
  })
})
