/** What an organiser says of a meter, and what a meter takes. Pure. */
import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import { isRetention, type Retention } from './retention.ts'

export interface Declaration {
  readonly name: string
  /** Names of the dimensions: at most four, each with a value in every write. Never changed. */
  readonly dimensions: readonly string[]
  /** How many of the first dimensions a total is about: its rows share their values. All unless said; never changed. */
  readonly totalsOver?: number
  /** Entities, and the values of at most one dimension, are numbers (`numbered.ts`). Of Spate's own meters alone; never changed. */
  readonly isNumbered?: true
  readonly retention: Retention
  /** How far before the stream's time a write may lie, seconds. */
  readonly lateSeconds: number
  /** How far after it. */
  readonly futureSeconds: number
}

export const MAX_DIMENSIONS = 4
export const MAX_METERS = 1000
export const MAX_ENTITIES = 1 << 24
export const MAX_SERIES = 1 << 26
/** Characters of an entity's name or a dimension's value. */
export const MAX_NAME_LENGTH = 128

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

export function totalsOver(declaration: Declaration): number {
  return declaration.totalsOver ?? declaration.dimensions.length
}

/** Errors: `invalid`. */
export function checkDeclaration(declaration: Declaration): void {
  const { name, dimensions, retention, lateSeconds, futureSeconds } = declaration
  const names = [name, ...dimensions]
  if (declaration.isNumbered !== undefined) throw invalid('a meter takes names')
  if (!names.every((each) => NAME.test(each))) {
    throw invalid('a meter and its dimensions are named by 1 to 64 of a–z 0–9 . _ -')
  }
  if (dimensions.length > MAX_DIMENSIONS || new Set(dimensions).size < dimensions.length) {
    throw invalid(`a meter has at most ${MAX_DIMENSIONS} dimensions, each with a name of its own`)
  }
  const over = totalsOver(declaration)
  if (!Number.isInteger(over) || over < 0 || over > dimensions.length) {
    throw invalid('a total is about none, some or all of the first dimensions')
  }
  if (!isRetention(retention)) {
    throw invalid('a level is kept for a whole number of seconds or for ever, at least as long as finer ones')
  }
  for (const seconds of [lateSeconds, futureSeconds]) {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > LAST_SECOND) {
      throw invalid('lateness and earliness are whole seconds')
    }
  }
}

function invalid(message: string): SpateError {
  return new SpateError('invalid', message)
}
