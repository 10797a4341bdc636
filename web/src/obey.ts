import type { Command, SimpleCommand } from './input/keys.ts'
import type { Page } from './page.ts'

/** What each key without a parameter does. Those about a cell do nothing while there is no cursor. */
const SIMPLE: Readonly<Record<SimpleCommand, (page: Page) => void>> = {
  place: (page) => {
    const { cursor } = page.store
    if (cursor.value === undefined) page.moveCursor(0, 0)
    else page.place(cursor.value)
  },
  undo: (page) => page.undo(),
  grid: (page) => page.toggleGrid(),
  copy: (page) => void page.copyPlace(),
  inspect: (page) => {
    const { cursor } = page.store
    if (cursor.value !== undefined) void page.inspect(cursor.value)
  },
  dropper: (page) => {
    const { cursor } = page.store
    if (cursor.value !== undefined) page.pickFrom(cursor.value)
  },
  'next-color': (page) => page.pick(page.store.color.value + 1),
  'previous-color': (page) => page.pick(page.store.color.value - 1),
  fit: (page) => page.steering.fit(),
  help: (page) => page.open('help'),
  escape: (page) => {
    page.store.inspection.value = undefined
    page.store.notice.value = undefined
  },
}

/** Does what a key asks for. */
export function obey(command: Exclude<Command, { type: 'hold' }>, page: Page): void {
  switch (command.type) {
    case 'move':
      page.moveCursor(command.dx, command.dy)
      break
    case 'pick':
      page.pick(command.index)
      break
    default:
      SIMPLE[command.type](page)
  }
}
