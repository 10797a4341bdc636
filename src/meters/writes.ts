/** What somebody asks to be written, checked and put into the columns of a record. Pure. */
import { SpateError } from '../base/errors.ts'
import { LAST_SECOND } from './calendar.ts'
import { MAX_NAME_LENGTH } from './declaration.ts'
import { MAX_KEY_LENGTH, MAX_WRITES, WriteKind, type Written } from './records.ts'

interface Target {
  readonly meter: string
  readonly entity: string
  /** A value for each dimension of the meter, in its order. */
  readonly dimensions?: readonly string[]
}

export type Write = Target &
  (
    | { readonly kind: 'add'; readonly second: number; readonly amount: number | bigint }
    /** So many more (1 unless said), never fewer. */
    | { readonly kind: 'count'; readonly second: number; readonly amount?: number | bigint }
    /** What the seconds from `from` to `to`, both included, sum up to. */
    | { readonly kind: 'total'; readonly from: number; readonly to: number; readonly amount: number | bigint }
  )

const NO_DIMENSIONS: readonly string[] = []

/** Errors: `invalid`, which names the write. */
export function columnsOfWrites(writes: readonly Write[], key: string): Written {
  if (key.length > MAX_KEY_LENGTH) throw invalid(`a key has at most ${MAX_KEY_LENGTH} characters`)
  if (writes.length === 0 || writes.length > MAX_WRITES)
    throw invalid(`a batch has 1 to ${MAX_WRITES} writes`)
  const numbers = new Map<string, number>()
  const numberOf = (name: string): number => {
    const known = numbers.get(name)
    if (known !== undefined) return known
    numbers.set(name, numbers.size)
    return numbers.size - 1
  }
  const count = writes.length
  const kind = new Uint8Array(count)
  const dimensions = new Uint8Array(count)
  const meter = new Uint16Array(count)
  const entity = new Uint16Array(count)
  const second = new Uint32Array(count)
  const values: number[] = []
  const from: number[] = []
  const amounts: (number | bigint)[] = []
  for (const [i, write] of writes.entries()) {
    checkWrite(write, i)
    const own = write.dimensions ?? NO_DIMENSIONS
    kind[i] = WriteKind[write.kind]
    dimensions[i] = own.length
    meter[i] = numberOf(write.meter)
    entity[i] = numberOf(write.entity)
    for (const value of own) values.push(numberOf(value))
    second[i] = write.kind === 'total' ? write.to : write.second
    if (write.kind === 'total') from.push(write.from)
    amounts.push(write.amount ?? 1)
  }
  return {
    key,
    count,
    names: [...numbers.keys()],
    kind,
    dimensions,
    meter,
    entity,
    values: Uint16Array.from(values),
    second,
    from: Uint32Array.from(from),
    amounts: amounts.every((amount) => Number.isSafeInteger(Number(amount)))
      ? Float64Array.from(amounts, Number)
      : BigInt64Array.from(amounts, BigInt),
  }
}

/** Beyond, an amount does not fit into 64 bits whatever its sign. */
const MOST = 2n ** 63n - 1n

function checkWrite(write: Write, i: number): void {
  const own = write.dimensions ?? NO_DIMENSIONS
  for (const name of [write.entity, ...own]) {
    if (name.length > MAX_NAME_LENGTH || !name.isWellFormed()) {
      throw wrong(i, `a name is text (no half of a surrogate pair) of at most ${MAX_NAME_LENGTH} characters`)
    }
  }
  const seconds = write.kind === 'total' ? [write.from, write.to] : [write.second]
  for (const second of seconds) {
    if (!Number.isInteger(second) || second < 0 || second >= LAST_SECOND) {
      throw wrong(i, 'a time is whole seconds since 1970, before 2106')
    }
  }
  if (write.kind === 'total' && write.from > write.to) throw wrong(i, 'a window ends before it begins')
  const amount = write.amount ?? 1
  const isAmount =
    typeof amount === 'bigint' ? amount <= MOST && amount >= -MOST : Number.isSafeInteger(amount)
  if (!isAmount) throw wrong(i, 'an amount is an integer of at most 2^63 − 1 either way')
  if (write.kind === 'count' && amount <= 0) throw wrong(i, 'a count is positive')
}

function invalid(message: string): SpateError {
  return new SpateError('invalid', message)
}

function wrong(i: number, message: string): SpateError {
  return new SpateError('invalid', `write ${i}: ${message}`, { details: { write: i } })
}
