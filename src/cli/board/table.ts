import type { Area } from '../../boards/canvas/geometry.ts'

/** Size and place of a board, in words. */
export function placeOf({ left, top, width, height }: Area): string {
  return `${width}×${height} at ${left},${top}`
}

/** Rows of text with aligned columns; the first row is the heading. Columns named in `right` end aligned. */
export function table(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((text, i) => (right.has(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))),
  )
  return lines.map((cells) => `${cells.join('  ').trimEnd()}\n`).join('')
}
