import type { Cooldown } from '../../../src/boards/canvas/rules.ts'
import { duration } from './times.ts'

/** A board's limit, for people. */
export function cooldownSentence(cooldown: Cooldown): string {
  switch (cooldown.kind) {
    case 'none':
      return 'There is no limit to how often you paint.'
    case 'window': {
      const { budget, windowSeconds, cost, blankCost } = cooldown
      const blanks = blankCost === cost ? '' : ` (${cells(budget, blankCost)} if they are blank)`
      return `You can paint ${cells(budget, cost)}${blanks} every ${duration(windowSeconds * 1000)}.`
    }
    case 'stack': {
      const { seconds, blankSeconds, stack, activity } = cooldown
      const blank = blankSeconds === seconds ? '' : `, ${duration(blankSeconds * 1000)} for a blank one`
      const saved = stack === 1 ? '' : ` Up to ${stack} can be saved up.`
      const busy = activity === null ? '' : ' When many paint, it takes longer.'
      return `A cell takes ${duration(seconds * 1000)}${blank}.${saved}${busy}`
    }
  }
}

function cells(budget: number, cost: number): string {
  if (cost === 0) return 'any number of cells'
  const count = Math.floor(budget / cost)
  return `${count} ${count === 1 ? 'cell' : 'cells'}`
}
