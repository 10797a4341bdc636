import type { Page } from '../page.ts'

/** Instead of a board that cannot be shown. */
export function Failure({ page, reason }: { page: Page; reason: string }) {
  return (
    <section class="panel failure" role="alert">
      <h1>{page.store.board.value}</h1>
      <p>{reason}</p>
      <button type="button" class="primary" onClick={() => page.open('boards')}>
        Choose a board
      </button>
    </section>
  )
}
