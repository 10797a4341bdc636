import type { CDPSession, Page } from 'playwright-core'

type Kind = 'touchStart' | 'touchMove' | 'touchEnd'

/** Several fingers on a touch screen; Playwright's own has one. */
export class Fingers {
  readonly #session: CDPSession

  private constructor(session: CDPSession) {
    this.#session = session
  }

  static async on(page: Page): Promise<Fingers> {
    return new Fingers(await page.context().newCDPSession(page))
  }

  /** All fingers that are down, in pixels of the window. */
  async touch(type: Kind, ...points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    const touchPoints = points.map(([x, y], id) => ({ x, y, id }))
    await this.#session.send('Input.dispatchTouchEvent', { type, touchPoints })
  }
}
