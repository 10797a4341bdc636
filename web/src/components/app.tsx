import type { Page } from '../page.ts'
import { BoardCanvas } from './board-canvas.tsx'
import { BoardsDialog } from './boards-dialog.tsx'
import { CellCard } from './cell-card.tsx'
import { Dock } from './dock.tsx'
import { Failure } from './failure.tsx'
import { HelpDialog } from './help-dialog.tsx'
import { Messages } from './messages.tsx'
import { NameDialog } from './name-dialog.tsx'
import { TopBar } from './top-bar.tsx'
import { ZoomButtons } from './zoom-buttons.tsx'

export function App({ page }: { page: Page }) {
  const { failure, dialog } = page.store
  return (
    <>
      <BoardCanvas page={page} />
      <TopBar page={page} />
      {failure.value === undefined && <ZoomButtons page={page} />}
      <div class="bottom">
        <CellCard page={page} />
        <Messages page={page} />
        {failure.value === undefined ? <Dock page={page} /> : <Failure page={page} reason={failure.value} />}
      </div>
      {dialog.value === 'boards' && <BoardsDialog page={page} />}
      {dialog.value === 'name' && <NameDialog page={page} />}
      {dialog.value === 'help' && <HelpDialog page={page} />}
    </>
  )
}
