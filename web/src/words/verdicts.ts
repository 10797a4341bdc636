import type { VerdictName } from '../../../src/boards/canvas/verdict.ts'
import { sentence } from './sentences.ts'
import { duration } from './times.ts'

export interface Circumstances {
  /** Until the player may place again, ms. */
  readonly waitMs: number
  /** Why the cell is locked, where somebody said so. */
  readonly lockReason: string
}

type Sentence = (circumstances: Circumstances) => string

const PLACING: Readonly<Record<VerdictName, Sentence>> = {
  accepted: () => 'Painted.',
  shadowed: () => 'Painted.',
  unchanged: () => 'The cell already has this colour.',
  outOfRange: () => 'The board ends before this cell.',
  wrongColor: () => 'The board no longer has this colour.',
  banned: () => 'You are banned from painting on this board.',
  inactive: () => 'Only the bright part of the board is open for painting.',
  locked: ({ lockReason }) =>
    sentence(lockReason === '' ? 'This area is locked' : `This area is locked: ${lockReason}`),
  coolingDown: ({ waitMs }) =>
    waitMs > 0 ? `Too soon: you can paint again in ${duration(waitMs)}.` : 'Too soon: try once more.',
  superseded: () => 'Somebody painted over this cell at the same moment.',
  nothingToUndo: () => 'There is nothing to undo.',
  impossible: () => 'The board cannot become that.',
}

const UNDOING: Readonly<Partial<Record<VerdictName, Sentence>>> = {
  accepted: () => 'Undone.',
  superseded: () => 'Too late to undo: somebody has painted over it.',
  nothingToUndo: () => 'There is nothing to undo (any more).',
}

/** What to tell a player of the verdict on their paint. */
export function placingSentence(verdict: VerdictName, circumstances: Circumstances): string {
  return PLACING[verdict](circumstances)
}

/** What to tell a player of the verdict on their undo. */
export function undoingSentence(verdict: VerdictName, circumstances: Circumstances): string {
  return (UNDOING[verdict] ?? PLACING[verdict])(circumstances)
}
