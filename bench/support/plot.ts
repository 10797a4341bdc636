/** A line through points, as an SVG that stands by itself. */

export interface Point {
  readonly x: number
  readonly y: number
}

const WIDTH = 640
const HEIGHT = 300
const MARGIN = { left: 56, right: 16, top: 16, bottom: 44 }
const TICKS = 4

/** Axes begin at 0. */
export function plot(points: readonly Point[], labels: { readonly x: string; readonly y: string }): string {
  const mostX = Math.max(...points.map(({ x }) => x))
  const mostY = rounded(1.2 * Math.max(...points.map(({ y }) => y)))
  const atX = (x: number): number => MARGIN.left + (x / mostX) * (WIDTH - MARGIN.left - MARGIN.right)
  const atY = (y: number): number =>
    HEIGHT - MARGIN.bottom - (y / mostY) * (HEIGHT - MARGIN.top - MARGIN.bottom)
  const line = points.map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ')
  const rows = Array.from({ length: TICKS + 1 }, (_, i) => (i * mostY) / TICKS)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${labels.y} over ${labels.x}">`,
    `<title>${labels.y}, over ${labels.x}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...rows.map(
      (y) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${atY(y)}" y2="${atY(y)}" stroke="#ddd"/>` +
        `<text x="${MARGIN.left - 8}" y="${atY(y) + 4}" text-anchor="end">${y}</text>`,
    ),
    ...points.map(({ x }) => `<text x="${atX(x)}" y="${HEIGHT - 26}" text-anchor="middle">${x}</text>`),
    `<polyline points="${line}" fill="none" stroke="#0277bd" stroke-width="2"/>`,
    ...points.map(
      ({ x, y }) => `<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="#0277bd"/>`,
    ),
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
