import type { BoardSummary } from '../../../src/client/api.ts'
import type { Page } from '../page.ts'
import { Modal } from './modal.tsx'

/** Larger boards have no picture of the whole. */
const MOST_THUMBNAIL_CELLS = 2048 * 2048

export function BoardsDialog({ page }: { page: Page }) {
  const { boards, board } = page.store
  return (
    <Modal title="Boards" onClose={() => page.closeDialog()}>
      {boards.value === undefined ? (
        <p>Asking…</p>
      ) : (
        <ul class="boards">
          {boards.value.map((summary) => (
            <li key={summary.id}>
              <BoardLink page={page} summary={summary} isCurrent={summary.id === board.value} />
            </li>
          ))}
        </ul>
      )}
      <p class="quiet more-pages">
        <a href="/captures">Captures</a>
        <a href="/meters">Meters</a>
      </p>
    </Modal>
  )
}

interface BoardLinkProps {
  readonly page: Page
  readonly summary: BoardSummary
  readonly isCurrent: boolean
}

function BoardLink({ page, summary: { id, extent, palette }, isCurrent }: BoardLinkProps) {
  const hasThumbnail = extent.width * extent.height <= MOST_THUMBNAIL_CELLS
  return (
    <a
      href={`?${new URLSearchParams({ board: id })}`}
      aria-current={isCurrent ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        page.goTo(id)
      }}
    >
      {hasThumbnail ? (
        <img
          class="thumbnail"
          src={`/api/boards/${id}/image.png`}
          alt=""
          width="64"
          height="64"
          loading="lazy"
        />
      ) : (
        <span class="thumbnail" aria-hidden="true" />
      )}
      <span>
        <span class="strong">{id}</span>
        <span class="quiet number">
          {extent.width} × {extent.height}, {palette.length} colours
        </span>
      </span>
    </a>
  )
}
