import fc from 'fast-check'
import type { FORMATS } from '../../src/capture/datasets/formats.ts'
import { PALETTE_2017 } from '../../src/capture/datasets/palettes.ts'

/** Cells that every format can spell, but for colours: 2017 has only those of its palette. */
const authorName = fc.string({
  unit: fc.constantFrom('a', 'B', '7', '+', '/', '=', ',', '"', 'é', ' '),
  maxLength: 60,
})
const coordinate = fc.integer({ min: -999_999_999, max: 999_999_999 })
export const anyCell = fc.record(
  {
    timeMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
    author: authorName,
    rgb: fc.integer({ min: 0, max: 0xffffff }),
    x: coordinate,
    y: coordinate,
  },
  { noNullPrototype: true },
)
type Cell = typeof anyCell extends fc.Arbitrary<infer Value> ? Value : never

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const utc = (timeMs: number) => `${new Date(timeMs).toISOString().slice(0, -1).replace('T', ' ')} UTC`
const hex = (rgb: number) => rgb.toString(16).padStart(6, '0').toUpperCase()

/** A cell's line, by format. */
export const spelled: Readonly<Record<keyof typeof FORMATS, (cell: Cell) => string>> = {
  '2017': ({ timeMs, author, rgb, x, y }) =>
    `${timeMs},${quoted(author)},${x},${y},${PALETTE_2017.indexOf(rgb)}`,
  '2022': ({ timeMs, author, rgb, x, y }) => `${utc(timeMs)},${quoted(author)},#${hex(rgb)},"${x},${y}"`,
  '2023': ({ timeMs, author, rgb, x, y }) => `${utc(timeMs)},${quoted(author)},"${x},${y}",#${hex(rgb)}`,
  argb: ({ timeMs, author, rgb, x, y }) => `${timeMs},${quoted(author)},FF${hex(rgb)},${x},${y}`,
}
