import { SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { LAST_SECOND } from '../../meters/calendar.ts'
import {
  COUNTS,
  integerOf,
  invalidArguments,
  isCountThing,
  meterOfThing,
  THINGS,
} from '../../meters/pointspaced.ts'
import type { Questions, Span } from '../../meters/questions.ts'

const ALL = 'all'
const MAX_ASKED = 10_000

interface ByType {
  readonly sum: bigint
  /** Activity types whose sum is not 0, ascending. */
  readonly atids: readonly bigint[]
}

const NONE: ByType = { sum: 0n, atids: [] }

/** pointspaced's questions, asked of meters. Errors: `invalid`, in its words; those of the meters. */
export class PointspacedReader {
  readonly #questions: Questions
  /** Between the sums of all who ask. */
  readonly #pace = new Pace()

  constructor(questions: Questions) {
    this.#questions = questions
  }

  has(meter: string): boolean {
    return this.#questions.all().some(({ declaration }) => declaration.name === meter)
  }

  /** One that it always had, or that the organiser declared. */
  isThing(thing: string): boolean {
    const meter = meterOfThing(thing)
    return THINGS.has(thing) || (meter !== COUNTS && this.has(meter))
  }

  /**
   * Both ends are included. Nothing ever happened outside of what meters can hold, so what lies there is cut off;
   * undefined: no second is left.
   */
  spanOf({ start, end }: { start: string; end: string }, offset = 0n): Span | undefined {
    const from = integerOf(start) + offset
    const to = integerOf(end) + offset
    const first = from < 0n ? 0n : from
    const last = to >= LAST_SECOND ? BigInt(LAST_SECOND - 1) : to
    return first > last ? undefined : { from: Number(first), to: Number(last) }
  }

  #meterOf(thing: string): string | undefined {
    if (!this.isThing(thing)) throw invalidArguments()
    const meter = meterOfThing(thing)
    return this.has(meter) ? meter : undefined
  }

  async sum(uid: string, thing: string, atid: string, span: Span | undefined): Promise<bigint> {
    const meter = this.#meterOf(thing)
    const type = typeOf(atid)
    if (meter === undefined || span === undefined) return 0n
    await this.#pace.turn()
    return this.#questions.sum(meter, uid, span, type === undefined ? {} : { atid: type })
  }

  async byType(uid: string, thing: string, atid: string, span: Span | undefined): Promise<ByType> {
    const meter = this.#meterOf(thing)
    const type = typeOf(atid)
    if (meter === undefined || span === undefined) return NONE
    await this.#pace.turn()
    if (type !== undefined) {
      const sum = await this.#questions.sum(meter, uid, span, { atid: type })
      return { sum, atids: sum === 0n ? [] : [BigInt(type)] }
    }
    const values = await this.#questions.breakdown(meter, uid, span, 'atid')
    const atids = values.map(({ value }) => BigInt(value)).sort((a, b) => (a < b ? -1 : 1))
    return { sum: values.reduce((sum, value) => sum + value.sum, 0n), atids }
  }

  /** As JSON; undefined for a user without activity, or who is asked for points and has none. */
  async user(
    uid: string,
    things: readonly string[],
    atid: string,
    span: Span | undefined,
  ): Promise<string | undefined> {
    const sums = new Map<string, string>()
    const atids = new Set<bigint>()
    for (const thing of things) {
      const found = await this.byType(uid, thing, atid, span)
      sums.set(thing, String(found.sum))
      for (const each of found.atids) atids.add(each)
    }
    if (atids.size === 0 || sums.get('points') === '0') return undefined
    const sorted = [...atids].sort((a, b) => (a < b ? -1 : 1))
    return jsonMap(new Map([['_atids', `[${sorted.join(',')}]`], ...sums]))
  }

  async count(thing: string, span: Span | undefined): Promise<bigint> {
    if (!isCountThing(thing)) throw invalidArguments()
    if (span === undefined || !this.has(COUNTS)) return 0n
    await this.#pace.turn()
    return this.#questions.sum(COUNTS, thing, span)
  }
}

function typeOf(atid: string): string | undefined {
  return atid === ALL ? undefined : integerOf(atid).toString()
}

/** What a form lists with commas. Errors: `invalid` for nothing, and for a gap; `too-large`. */
export function listOf(text: string | null): string[] {
  const parts = (text ?? '').split(',')
  if (parts.some((part) => part === '')) throw invalidArguments()
  checkAsked(parts.length)
  return parts
}

/** Errors: `too-large` for more sums than one query may ask for. */
export function checkAsked(sums: number): void {
  if (sums > MAX_ASKED) throw new SpateError('too-large', `at most ${MAX_ASKED} at once`)
}

/** Users, each as meters name it. */
export function idsOf(text: string | null): string[] {
  return listOf(text).map((id) => integerOf(id).toString())
}

/** Of values that are JSON. */
export function jsonMap(values: ReadonlyMap<string, string>): string {
  return `{${[...values].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}
