import { type Signal, signal } from '@preact/signals'
import type { BoardInfo } from '../../src/boards/canvas/canvas.ts'
import type { BoardSummary, CellInfo, Me } from '../../src/client/api.ts'
import type { ConnectionStatus } from '../../src/client/board.ts'
import type { Cell, Size, View } from './view/view.ts'

export interface Cursor extends Cell {
  readonly by: 'pointer' | 'keys'
}

export interface Notice {
  readonly text: string
  readonly tone: 'plain' | 'bad'
}

export interface Inspection extends Cell {
  /** Undefined until the server has answered. */
  readonly answer: CellInfo | undefined
  /** When it was asked, by the server's clock. */
  readonly nowMs: number
  /** Why it could not answer. */
  readonly failure: string | undefined
}

export type Dialog = 'boards' | 'name' | 'help'

/** All that the components show. Times are ms by this machine's clock. */
export interface Store {
  readonly board: Signal<string>
  readonly info: Signal<BoardInfo | undefined>
  /** It shows what was captured elsewhere. */
  readonly isCaptured: Signal<boolean>
  readonly status: Signal<ConnectionStatus>
  /** Why there is no board to show, for good. */
  readonly failure: Signal<string | undefined>
  readonly view: Signal<View>
  readonly size: Signal<Size>
  readonly cursor: Signal<Cursor | undefined>
  readonly color: Signal<number>
  readonly isGridOn: Signal<boolean>
  /** Painted chunks in sight that are too many to follow. */
  readonly leftOut: Signal<ReadonlySet<number>>
  /** When this player may paint again. */
  readonly nextMs: Signal<number>
  /** Until when this player's last paint can be undone. */
  readonly undoUntilMs: Signal<number>
  /** The time, as often as somebody needs it. */
  readonly nowMs: Signal<number>
  readonly notice: Signal<Notice | undefined>
  /** What a screen reader says next. */
  readonly announcement: Signal<string>
  readonly me: Signal<Me | undefined>
  readonly boards: Signal<readonly BoardSummary[] | undefined>
  readonly inspection: Signal<Inspection | undefined>
  readonly dialog: Signal<Dialog | undefined>
}

export function createStore(): Store {
  return {
    board: signal(''),
    info: signal(undefined),
    isCaptured: signal(false),
    status: signal('connecting'),
    failure: signal(undefined),
    view: signal({ x: 0, y: 0, scale: 1 }),
    size: signal({ width: 1, height: 1 }),
    cursor: signal(undefined),
    color: signal(0),
    isGridOn: signal(false),
    leftOut: signal(new Set<number>()),
    nextMs: signal(0),
    undoUntilMs: signal(0),
    nowMs: signal(Date.now()),
    notice: signal(undefined),
    announcement: signal(''),
    me: signal(undefined),
    boards: signal(undefined),
    inspection: signal(undefined),
    dialog: signal(undefined),
  }
}
