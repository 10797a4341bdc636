/** Rows of a leaderboard, whichever question they come from. Pure. */
import type { Amount } from './amounts.ts'
import type { Compared, Named, Places, Streaks } from './answers.ts'
import { type Movement, movementOf } from './movements.ts'
import type { Span } from './spans.ts'

export interface Leader extends Named {
  readonly rank: number
  readonly amount: Amount
  /** Undefined where nothing was compared. */
  readonly movement: Movement | undefined
  /** What it was then. */
  readonly before: Amount | undefined
  /** Of a streak that goes on. */
  readonly current: number | undefined
}

export interface Leaders {
  /** What it is about, as the server understood it. */
  readonly span: Span
  readonly kind: 'top' | 'compare' | 'streaks'
  readonly rows: readonly Leader[]
}

/** @param path of the question */
export function leadersOf(path: string, answer: Places | Compared | Streaks): Leaders {
  const span = { from: answer.from, to: answer.to }
  if ('before' in answer) return { span, kind: 'compare', rows: answer.places.map(comparedRow) }
  // The shape of an answer follows from the question.
  if (/\/streaks\?/.test(path))
    return { span, kind: 'streaks', rows: (answer as Streaks).places.map(streakRow) }
  return { span, kind: 'top', rows: (answer as Places).places.map(topRow) }
}

const NOT_COMPARED = { movement: undefined, before: undefined, current: undefined }

function topRow({ sum, ...place }: Places['places'][number]): Leader {
  return { ...place, amount: sum, ...NOT_COMPARED }
}

function comparedRow({ now, before, ...named }: Compared['places'][number]): Leader {
  return {
    ...named,
    rank: now.rank,
    amount: now.sum,
    movement: movementOf(now.rank, before?.rank),
    before: before?.sum,
    current: undefined,
  }
}

function streakRow({ longest, current, ...named }: Streaks['places'][number]): Leader {
  return { ...named, amount: longest.periods, ...NOT_COMPARED, current: current?.periods ?? 0 }
}
