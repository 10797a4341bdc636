/**
 * Bars over the periods of a chart, pixel by pixel. uPlot's own are one path, which browsers without a graphics
 * processor fill in tens of ms, some hundred times as long as rectangles.
 */

/** Device pixels; all are as wide. */
export interface Bars {
  readonly lefts: readonly number[]
  readonly width: number
}

/** Of a period, while there are few and more of them. */
const [SHARE_OF_FEW, SHARE_OF_MANY] = [0.7, 0.9]
/** Below, ticks stand under the middle of a period, else at its beginning. */
export const WIDE_BARS = 40
const WIDEST_CSS_PX = 72

/**
 * @param left of the first period, device pixels
 * @param width of all periods, device pixels
 */
export function barsOf(count: number, left: number, width: number, pixelRatio: number): Bars {
  const period = width / count
  const share = count > WIDE_BARS ? SHARE_OF_MANY : SHARE_OF_FEW
  const wide = Math.round(Math.min(period * share, WIDEST_CSS_PX * pixelRatio))
  const bar = Math.max(1, Math.min(wide, Math.floor(period)))
  const lefts = Array.from({ length: count }, (_, i) => Math.round(left + (i + 0.5) * period - bar / 2))
  return { lefts, width: bar }
}

/** What of a canvas is used. */
interface Filling {
  fillStyle: unknown
  fillRect(left: number, top: number, width: number, height: number): void
}

/**
 * @param tops where each value lies, device pixels
 * @param zero where 0 lies
 * @param edge of what stands on one another: the colour of the line between
 */
export function fillBars(
  context: Filling,
  { lefts, width }: Bars,
  tops: readonly number[],
  zero: number,
  color: string,
  edge: string | undefined,
): void {
  const from = Math.round(zero)
  context.fillStyle = color
  for (const [i, left] of lefts.entries()) {
    const top = Math.round(tops[i] ?? zero)
    if (top !== from) context.fillRect(left, top, width, from - top)
  }
  if (edge === undefined) return
  context.fillStyle = edge
  for (const [i, left] of lefts.entries()) {
    const top = Math.round(tops[i] ?? zero)
    if (top !== from) context.fillRect(left, top, width, 1)
  }
}
