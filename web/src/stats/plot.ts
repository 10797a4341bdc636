import uPlot from 'uplot'
import { shortWords } from './amounts.ts'
import type { Tick } from './axis.ts'
import { barsOf, fillBars, WIDE_BARS } from './bars.ts'

export interface Line {
  readonly label: string
  readonly values: readonly number[]
  readonly color: string
  readonly kind: 'bars' | 'line'
}

/**
 * What is drawn: over the numbers of the periods, so that all are as wide, whatever hours a day has. The first line
 * is drawn first, under the others.
 */
export interface Picture {
  readonly count: number
  readonly lines: readonly Line[]
  readonly ticks: readonly Tick[]
}

interface Hearing {
  /** Of the period under the pointer; undefined: none. */
  readonly onHover: (period: number | undefined) => void
  /** After each time: where things lie is known from then on. */
  readonly onDrawn: (plot: uPlot) => void
}

const FEW_POINTS = 80
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
/** CSS pixels. */
const AXIS_HEIGHT = 44
const INCREMENTS = Array.from({ length: 19 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat()

/** A colour of the style sheet, as it is now: themes change. */
function themed(name: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(name)
}

export function plot(
  picture: Picture,
  width: number,
  height: number,
  hearing: Hearing,
  into: HTMLElement,
): uPlot {
  const axis = { stroke: themed('--quiet'), font: FONT, ticks: { show: false } }
  const grid = { stroke: themed('--grid'), width: 1 }
  const at = picture.count <= WIDE_BARS ? 0.5 : 0
  const options: uPlot.Options = {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: false, range: () => [0, Math.max(1, picture.count)] },
      y: { range: (_plot, least, most) => rangeOf(least, most) },
    },
    axes: [
      {
        ...axis,
        grid,
        size: AXIS_HEIGHT,
        splits: () => picture.ticks.map((tick) => tick.at + at),
        values: () => picture.ticks.map(({ words, above }) => (above ? `${words}\n${above}` : words)),
      },
      {
        ...axis,
        grid,
        size: (_plot, values) => 18 + 7.5 * Math.max(1, ...(values ?? []).map((text) => text.length)),
        incrs: INCREMENTS,
        values: (_plot, splits) => splits.map(shortWords),
      },
    ],
    series: [{}, ...picture.lines.map((line) => seriesOf(line, picture.count))],
    hooks: {
      drawSeries: [(made, series) => drawBars(made, picture.lines[series - 1], picture.count)],
      draw: [hearing.onDrawn],
      setCursor: [
        ({ cursor }) => {
          const { idx, left = -1 } = cursor
          hearing.onHover(left < 0 || idx === null ? undefined : idx)
        },
      ],
    },
  }
  return new uPlot(options, dataOf(picture), into)
}

export function dataOf({ count, lines }: Picture): uPlot.AlignedData {
  const middles = Array.from({ length: count }, (_, i) => i + 0.5)
  return [middles, ...lines.map(({ values }) => [...values])]
}

function seriesOf({ label, color, kind }: Line, count: number): uPlot.Series {
  const stroke = color.startsWith('--') ? themed(color) : color
  if (kind === 'line') {
    return { label, stroke, width: 2, points: { show: count <= FEW_POINTS, size: 5, fill: stroke } }
  }
  return { label, stroke, width: 0, points: { show: false }, paths: () => null }
}

function drawBars(made: uPlot, line: Line | undefined, count: number): void {
  if (line?.kind !== 'bars') return
  const bars = barsOf(count, made.bbox.left, made.bbox.width, uPlot.pxRatio)
  const tops = line.values.map((value) => made.valToPos(value, 'y', true))
  const isTheme = line.color.startsWith('--')
  const color = isTheme ? themed(line.color)() : line.color
  fillBars(
    made.ctx,
    bars,
    tops,
    made.valToPos(0, 'y', true),
    color,
    isTheme ? undefined : themed('--panel-edge')(),
  )
}

/** With 0, and some air where there is something. */
function rangeOf(least: number | null, most: number | null): [number, number] {
  const low = Math.min(0, least ?? 0)
  const high = Math.max(0, most ?? 0)
  if (low === high) return [0, 1]
  const air = (high - low) * 0.06
  return [low === 0 ? 0 : low - air, high === 0 ? 0 : high + air]
}
