import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { PageVisit, TIMEOUT_MS } from './page-visit.ts'

/** One person with a page of statistics open. */
export class StatsVisit extends PageVisit {
  async open(path: string): Promise<void> {
    await this.page.goto(this.origin + path)
  }

  /** The chart of everything. */
  get chart(): Locator {
    return this.page.locator('.chart').first()
  }

  /** Resolves once the chart is drawn with so many periods. */
  async isDrawn(periods: number): Promise<void> {
    await this.page.locator(`.chart[data-drawn="${periods}"] canvas`).first().waitFor()
  }

  /** From the beginning of the navigation to the first frame with a drawn chart. */
  drawnMs(): Promise<number> {
    return this.page.evaluate<number>(`performance.getEntriesByName('chart')[0].startTime`)
  }

  /** Resolves once the leaderboard has exactly these rows, cells joined by spaces. */
  async leads(...rows: readonly string[]): Promise<void> {
    await this.rowsAre('Leaderboard', rows)
  }

  /** Resolves once the first table of a region has exactly these rows. */
  async rowsAre(region: string, rows: readonly string[]): Promise<void> {
    const expected = JSON.stringify(rows)
    const found = `JSON.stringify([...document.querySelectorAll('section[aria-label=${JSON.stringify(region)}] tbody tr')]
      .map((row) => [...row.children].map((cell) => cell.innerText.replace(/\\s+/g, ' ').trim()).join(' ').trim()))`
    await this.until(`${found} === ${JSON.stringify(expected)}`, found)
  }

  /** Resolves once an expression is true in the page, looked at once a frame. @param shown what to tell if it never is */
  async until(expression: string, shown = "''"): Promise<void> {
    const last = await this.page.evaluate<string | true>(`new Promise((resolve) => {
      const endMs = performance.now() + ${TIMEOUT_MS}
      const look = () => {
        const isTrue = ${expression}
        if (isTrue) resolve(true)
        else if (performance.now() > endMs) resolve(String(${shown}))
        else requestAnimationFrame(look)
      }
      look()
    })`)
    assert.equal(last, true, `${expression}: ${last}`)
  }

  /** From the middle of one period of the chart to that of another, with the mouse. */
  async drag(
    from: number,
    to: number,
    periods: number,
    meanwhile = async (): Promise<void> => {},
  ): Promise<void> {
    const box = await this.chart.locator('.u-over').boundingBox()
    assert.ok(box !== null)
    const at = (period: number): number => box.x + ((period + 0.5) / periods) * box.width
    const y = box.y + box.height / 2
    await this.page.mouse.move(at(from), y)
    await this.page.mouse.down()
    await this.page.mouse.move((at(from) + at(to)) / 2, y)
    await meanwhile()
    await this.page.mouse.move(at(to), y)
    await this.page.mouse.up()
  }

  get query(): URLSearchParams {
    return new URL(this.page.url()).searchParams
  }
}
