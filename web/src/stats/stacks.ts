/** Several series over one another. Pure. */
import { type Amount, added, sizeOf } from './amounts.ts'

export interface Band {
  readonly value: string
  readonly sums: readonly Amount[]
}

/** The largest bands, and what the others come to together. */
export function largest(
  bands: readonly Band[],
  most: number,
): { shown: Band[]; others: readonly Amount[] | undefined } {
  const totals = new Map(bands.map((band) => [band, Math.abs(sizeOf(added(band.sums)))]))
  const sorted = [...bands].sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0))
  const shown = sorted.slice(0, most)
  const rest = sorted.slice(most)
  const length = bands[0]?.sums.length ?? 0
  const others = Array.from({ length }, (_, i) => added(rest.map(({ sums }) => sums[i] ?? 0)))
  return { shown, others: rest.length === 0 ? undefined : others }
}

/** Whether they can stand on one another. */
export function isStackable(bands: readonly { readonly sums: readonly Amount[] }[]): boolean {
  return bands.every(({ sums }) => sums.every((sum) => sizeOf(sum) >= 0))
}

/** How high each reaches with all before it under it: what is drawn, the last one behind the others. */
export function stacked(rows: readonly (readonly Amount[])[]): number[][] {
  const reached: number[] = []
  return rows.map((row) =>
    row.map((amount, i) => {
      const height = (reached[i] ?? 0) + sizeOf(amount)
      reached[i] = height
      return height
    }),
  )
}
