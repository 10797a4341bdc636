/** What one measurement says. A row is a line of the table, or with `--json` a line of JSON. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What was measured beside it in the same run: a floor, or another way to do the same. */
  readonly rival: string
  readonly rivalValue: number
  /** value / rivalValue */
  readonly ratio: number
  /** null: a figure to know, without a promise. */
  readonly target: string | null
  readonly met: boolean | null
}

export type Target =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  /** In multiples of the rival. */
  | { readonly ratioAtMost: number }
  | { readonly ratioAtLeast: number }

export interface Measured {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly rival: string
  readonly rivalValue: number
  readonly target?: Target
}

export function rowOf({ name, value, unit, rival, rivalValue, target }: Measured): Row {
  const ratio = value / rivalValue
  if (!Number.isFinite(value) || !Number.isFinite(rivalValue)) {
    throw new Error(`${name}: measured ${value}, ${rival}: ${rivalValue}`)
  }
  const { text, met } = judged(target, value, ratio)
  return {
    name,
    value: rounded(value),
    unit,
    rival,
    rivalValue: rounded(rivalValue),
    ratio: rounded(ratio),
    target: text,
    met,
  }
}

function judged(
  target: Target | undefined,
  value: number,
  ratio: number,
): { text: string | null; met: boolean | null } {
  if (target === undefined) return { text: null, met: null }
  if ('atLeast' in target) return { text: `>= ${target.atLeast}`, met: value >= target.atLeast }
  if ('atMost' in target) return { text: `<= ${target.atMost}`, met: value <= target.atMost }
  if ('ratioAtLeast' in target) {
    return { text: `>= ${target.ratioAtLeast} x rival`, met: ratio >= target.ratioAtLeast }
  }
  return { text: `<= ${target.ratioAtMost} x rival`, met: ratio <= target.ratioAtMost }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

const COLUMNS = ['name', 'value', 'unit', 'target', '', 'ratio', 'rival'] as const
const WIDTHS = [58, 10, 16, 15, 6, 7, 0]

export function tableHead(): string {
  return line([...COLUMNS])
}

export function tableLine({ name, value, unit, rival, rivalValue, ratio, target, met }: Row): string {
  const verdict = met === null ? '' : met ? 'met' : 'MISSED'
  const cells = [
    name,
    grouped(value),
    unit,
    target ?? '',
    verdict,
    `${ratio} x`,
    `${rival}: ${grouped(rivalValue)}`,
  ]
  return line(cells)
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i === 1 || i === 5 ? cell.padStart(WIDTHS[i] ?? 0) : cell.padEnd(WIDTHS[i] ?? 0)))
    .join('  ')
    .trimEnd()
}

function grouped(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 })
}
