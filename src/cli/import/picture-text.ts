import { placeOf } from '../board/table.ts'
import { hex } from '../options.ts'
import type { ImportedPicture } from './picture.ts'

const COLORS_NAMED = 20

/** What became of every pixel, as text. */
export function pictureAccountOf(imported: ImportedPicture, exact: boolean): string {
  const { board, isNew, pixels, transparent, verdicts, unknownColors } = imported
  const out = [
    `${isNew ? 'Made' : 'Painted on'} board ${board.id}: ${placeOf(board.extent)}, ${board.palette.length} colours`,
  ]
  const say = (name: string, count: number, more = ''): number =>
    out.push(`  ${name.padEnd(16)} ${count.toLocaleString('en-US').padStart(13)}${more}`)
  say('pixels', pixels)
  say('transparent', transparent)
  say('applied', verdicts.get('accepted') ?? 0)
  for (const [name, words] of [
    ['superseded', 'superseded'],
    ['outOfRange', 'out of range'],
    ['wrongColor', 'no such colour'],
  ] as const) {
    const count = verdicts.get(name)
    if (count !== undefined) say(words, count)
  }
  if (unknownColors.size > 0) {
    const all = [...unknownColors].sort(([, a], [, b]) => b - a)
    const count = all.reduce((sum, [, pixelCount]) => sum + pixelCount, 0)
    const named = all.slice(0, COLORS_NAMED).map(([rgb, pixelCount]) => `${hex(rgb)} ${pixelCount}`)
    const rest = all.length > COLORS_NAMED ? `, … (${all.length} colours)` : ''
    say(exact ? 'left out' : 'replaced', count, `  not of the board: ${named.join(', ')}${rest}`)
  }
  return `${out.join('\n')}\n`
}
