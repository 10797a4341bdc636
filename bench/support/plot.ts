/** Lines through points, as an SVG that stands by itself. */

export interface Point {
  readonly x: number
  readonly y: number
  /** Below the axis, instead of x. */
  readonly label?: string
}

export interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

const WIDTH = 640
const HEIGHT = 300
const MARGIN = { left: 56, right: 24, top: 16, bottom: 44 }
const TICKS = 4
const COLORS = ['#0277bd', '#c62828', '#2e7d32']

interface Labels {
  readonly x: string
  readonly y: string
}

/** Axes begin at 0. */
export function plot(points: readonly Point[], labels: Labels): string {
  return drawn([{ name: '', points }], labels, (x, mostX) => x / mostX)
}

/** Several lines over the same places, which lie as far apart as their logarithms; y begins at 0. */
export function logPlot(lines: readonly Line[], labels: Labels): string {
  const leastX = Math.min(...lines.flatMap(({ points }) => points.map(({ x }) => x)))
  return drawn(lines, labels, (x, mostX) => Math.log(x / leastX) / Math.log(mostX / leastX))
}

/** @param share how far along the axis a place lies */
function drawn(lines: readonly Line[], labels: Labels, share: (x: number, mostX: number) => number): string {
  const all = lines.flatMap(({ points }) => points)
  const mostX = Math.max(...all.map(({ x }) => x))
  const mostY = rounded(1.2 * Math.max(...all.map(({ y }) => y)))
  const atX = (x: number): number => MARGIN.left + share(x, mostX) * (WIDTH - MARGIN.left - MARGIN.right)
  const atY = (y: number): number =>
    HEIGHT - MARGIN.bottom - (y / mostY) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const rows = Array.from({ length: TICKS + 1 }, (_, i) => (i * mostY) / TICKS)
  const places = lines[0]?.points ?? []
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${labels.y} over ${labels.x}">`,
    `<title>${labels.y}, over ${labels.x}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...rows.map(
      (y) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${atY(y)}" y2="${atY(y)}" stroke="#ddd"/>` +
        `<text x="${MARGIN.left - 8}" y="${atY(y) + 4}" text-anchor="end">${y}</text>`,
    ),
    ...places.map(
      ({ x, label = x }) => `<text x="${atX(x)}" y="${HEIGHT - 26}" text-anchor="middle">${label}</text>`,
    ),
    ...lines.flatMap(({ name, points }, i) => {
      const color = COLORS[i % COLORS.length]
      const line = points.map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ')
      const last = points.at(-1) ?? { x: 0, y: 0 }
      return [
        `<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2"/>`,
        ...points.map(
          ({ x, y }) => `<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="${color}"/>`,
        ),
        ...(name === ''
          ? []
          : [
              `<text x="${atX(last.x)}" y="${atY(last.y) - 8}" text-anchor="end" fill="${color}">${name}</text>`,
            ]),
      ]
    }),
    `<text x="${(MARGIN.left + WIDTH) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${labels.x}</text>`,
    `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${labels.y}</text>`,
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

/** Up to one, two or five of its power of ten. */
function rounded(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power
}
