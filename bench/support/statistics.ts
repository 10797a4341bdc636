/** @param share 0.5 is the median; the nearest rank, so always a value that occurred */
export function percentile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort()
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('no values to take a percentile of')
  return value
}

export function median(values: Iterable<number>): number {
  return percentile(values, 0.5)
}
