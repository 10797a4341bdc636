/**
 * What pointspaced calls metrics and counts, as meters and writes. Pure.
 *
 * A metric of a thing is the meter `psd.THING`, its entity a user, its dimensions activity instance and type (aid,
 * atid); a total is about a user and an instance, whatever its type. Counts are the entities of `psd.counts`.
 */
import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import type { Declaration } from './declaration.ts'
import { KEEP_ALL } from './retention.ts'
import type { Write } from './writes.ts'

/** What it always had; others are what the organiser declares as `psd.THING`. */
export const THINGS: ReadonlySet<string> = new Set(['steps', 'calories', 'points', 'distance', 'cb'])
export const COUNTS = 'psd.counts'
const DAY = 86_400

/** `diffadd`: the value is what the window sums up to. `increment`: it is added at the window's end. */
export type Mode = 'diffadd' | 'increment'

export function meterOfThing(thing: string): string {
  return `psd.${thing}`
}

/** What is declared at the first write. It takes any past, and clocks that are a day ahead. */
export function pointspacedDeclaration(meter: string): Declaration {
  const isCounts = meter === COUNTS
  return {
    name: meter,
    dimensions: isCounts ? [] : ['aid', 'atid'],
    totalsOver: isCounts ? 0 : 1,
    retention: KEEP_ALL,
    lateSeconds: LAST_SECOND,
    futureSeconds: DAY,
  }
}

/** @param isThing whether there is a meter for it. Errors: `invalid`, in the words of pointspaced. */
export function writeOfMetric(metric: unknown, isThing: (thing: string) => boolean): Write {
  const fields = fieldsOf(metric)
  const { thing, mode = 'diffadd' } = fields
  if (typeof thing !== 'string' || !isThing(thing)) throw invalidArguments()
  if (mode !== 'diffadd' && mode !== 'increment') throw invalidArguments()
  const target = {
    meter: meterOfThing(thing),
    entity: integerOf(fields.uid).toString(),
    dimensions: [integerOf(fields.aid).toString(), integerOf(fields.atid).toString()],
  }
  const amount = integerOf(fields.value)
  const second = secondOf(fields.ts2)
  if (mode === 'increment') return { kind: 'add', ...target, second, amount }
  const from = integerOf(fields.ts1)
  if (from < 0n || from > second) throw timestampInvalid()
  return { kind: 'total', ...target, from: Number(from), to: second, amount }
}

/** Errors: `invalid`. */
export function writeOfCount(count: unknown): Write {
  const fields = fieldsOf(count)
  const { thing } = fields
  if (typeof thing !== 'string' || !isCountThing(thing)) throw invalidArguments()
  const amount = integerOf(fields.value)
  if (amount <= 0n) throw invalidArguments()
  return { kind: 'count', meter: COUNTS, entity: thing, second: secondOf(fields.ts), amount }
}

export function isCountThing(thing: string): boolean {
  return thing.length >= 2 && thing.length <= 64
}

/** A message of its queue. Errors: `invalid`. */
export function writeOfMessage(message: unknown, isThing: (thing: string) => boolean): Write {
  const { command, metric, count } = fieldsOf(message)
  if (command === 'metric') return writeOfMetric(metric, isThing)
  if (command === 'count') return writeOfCount(count)
  throw new SpateError('invalid', 'expected a message with the command metric or count')
}

const DIGITS = /^-?\d{1,19}$/

/** A whole number that is exact, or its digits; of 64 bits. Errors: `invalid`. */
export function integerOf(value: unknown): bigint {
  const isWhole =
    typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && DIGITS.test(value)
  if (!isWhole) throw invalidArguments()
  // A number or a string, as just seen.
  const integer = BigInt(value as number | string)
  if (BigInt.asIntN(64, integer) !== integer) throw invalidArguments()
  return integer
}

function secondOf(value: unknown): number {
  const second = integerOf(value)
  if (second <= 0n || second >= LAST_SECOND) throw timestampInvalid()
  return Number(second)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidArguments()
  return value as Readonly<Record<string, unknown>> // Any object is one.
}

export function invalidArguments(): SpateError {
  return new SpateError('invalid', 'invalid arguments')
}

function timestampInvalid(): SpateError {
  return new SpateError('invalid', 'timestamp was invalid')
}
