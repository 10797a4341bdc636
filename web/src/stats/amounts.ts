/** Amounts as answers carry them: numbers, and strings of digits where a number would not be exact. Pure. */

export type Amount = number | string

/** `1,234`, exact. */
export function amountWords(amount: Amount): string {
  return String(BigInt(amount)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `+1,234`, `−5`, `0`. */
export function changeWords(amount: Amount): string {
  return BigInt(amount) > 0n ? `+${amountWords(amount)}` : amountWords(amount)
}

const THOUSANDS = ['', 'K', 'M', 'B', 'T', 'Q']

/** `1.2M`: for axes. (Not by Intl, whose first format takes tens of ms of a page's first second.) */
export function shortWords(value: number): string {
  const power = Math.min(
    THOUSANDS.length - 1,
    Math.floor((String(Math.trunc(Math.abs(value))).length - 1) / 3),
  )
  const short = Number((value / 1000 ** power).toPrecision(3))
  return `${short}${THOUSANDS[power]}`
}

/** For drawing; beyond 2^53 the nearest. */
export function sizeOf(amount: Amount): number {
  return Number(amount)
}

export function added(amounts: readonly Amount[]): Amount {
  return amountOf(amounts.reduce((sum, amount) => sum + BigInt(amount), 0n))
}

function amountOf(value: bigint): Amount {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : String(value)
}

/** Each amount and all before it, on top of `base`. */
export function running(amounts: readonly Amount[], base: Amount): Amount[] {
  let sum = BigInt(base)
  return amounts.map((amount) => {
    sum += BigInt(amount)
    return amountOf(sum)
  })
}

/** How long a bar is beside the longest, from 0 to 1; what is not positive has none. */
export function shareOf(amount: Amount, most: Amount): number {
  const size = sizeOf(amount)
  return size > 0 && sizeOf(most) > 0 ? Math.min(1, size / sizeOf(most)) : 0
}
