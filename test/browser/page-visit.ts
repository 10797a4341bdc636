import type { Page } from 'playwright-core'

export const TIMEOUT_MS = 10_000

/** One person with a page open. */
export class PageVisit {
  readonly page: Page
  readonly origin: string
  /** What the browser complained about: scripts, refused resources, the content security policy. */
  readonly complaints: string[] = []

  constructor(page: Page, origin: string) {
    this.page = page
    this.origin = origin
    page.setDefaultTimeout(TIMEOUT_MS)
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
    page.on('pageerror', (error) => this.complaints.push(String(error)))
  }
}
