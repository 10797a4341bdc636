import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { type Point, pixelAt, type Size } from '../../web/src/view/view.ts'
import { PageVisit, TIMEOUT_MS } from './page-visit.ts'

/** An expression for the colour that the canvas shows at a point of the window, as 0xRRGGBB. */
export function colorExpression({ x, y }: Point): string {
  return `(() => {
    const canvas = document.querySelector('canvas.board')
    const ratio = canvas.width / canvas.clientWidth
    const at = [Math.floor(${x} * ratio), Math.floor(${y} * ratio)]
    const [r, g, b] = canvas.getContext('2d').getImageData(...at, 1, 1).data
    return (r << 16) | (g << 8) | b
  })()`
}

/** One person with the page open. */
export class Visit extends PageVisit {
  async open(search: string): Promise<void> {
    await this.page.goto(`${this.origin}/${search}`)
    await this.isLive()
  }

  isLive(): Promise<void> {
    return this.page.locator('[data-status="live"]').waitFor()
  }

  isAway(): Promise<void> {
    return this.page.locator('[data-status="waiting"]').waitFor()
  }

  /** The middle of a cell, in pixels of the window, from what the address says is shown. */
  async pixelOf(x: number, y: number): Promise<Point> {
    const query = new URL(this.page.url()).searchParams
    const [left, top, scale] = ['x', 'y', 'scale'].map((name) => Number(query.get(name)))
    assert.ok(left !== undefined && top !== undefined && scale !== undefined && scale > 0, this.page.url())
    const size: Size = this.page.viewportSize() ?? { width: 0, height: 0 }
    return pixelAt({ x: left + 0.5, y: top + 0.5, scale }, size, { x: x + 0.5, y: y + 0.5 })
  }

  async click(x: number, y: number): Promise<void> {
    const at = await this.pixelOf(x, y)
    await this.page.mouse.click(at.x, at.y)
  }

  /** Resolves once the cell shows exactly this colour. The cursor must not be on it. */
  async shows(x: number, y: number, rgb: number): Promise<void> {
    await this.until(`${colorExpression(await this.pixelOf(x, y))} === ${rgb}`)
  }

  /** Resolves with the colour that the cell shows once it is not this one. */
  async showsOther(x: number, y: number, rgb: number): Promise<number> {
    await this.until(`${colorExpression(await this.pixelOf(x, y))} !== ${rgb}`)
    return this.colorAt(x, y)
  }

  /**
   * Resolves once an expression is true in the page, looked at once a frame. (Playwright's own way to wait
   * for one evaluates strings in the page, which the content security policy forbids.)
   */
  async until(expression: string): Promise<void> {
    const isTrue = await this.page.evaluate<boolean>(`new Promise((resolve) => {
      const endMs = performance.now() + ${TIMEOUT_MS}
      const look = () => {
        const isTrue = ${expression}
        if (isTrue || performance.now() > endMs) resolve(isTrue)
        else requestAnimationFrame(look)
      }
      look()
    })`)
    assert.ok(isTrue, expression)
  }

  /** The colour at a cell's middle, in the frame that is there. */
  async colorAt(x: number, y: number): Promise<number> {
    return this.page.evaluate<number>(colorExpression(await this.pixelOf(x, y)))
  }

  /** Away from everything that is looked at. */
  async parkMouse(): Promise<void> {
    await this.page.mouse.move(1, 1)
  }

  async pick(index: number): Promise<void> {
    await this.page.locator(`input[name="color"][value="${index}"]`).click()
  }

  notice(text: string | RegExp): Locator {
    return this.page.getByTestId('notice').filter({ hasText: text })
  }
}
