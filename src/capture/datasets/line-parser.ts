import type { Refusal } from './account.ts'
import { AreaReader } from './area.ts'
import { AUTHOR_INVALID, AUTHORS_FULL, type Authors } from './authors.ts'
import { NO_COLOUR, readColour } from './colour.ts'
import { Fields, unescaped } from './fields.ts'
import { AUTHOR_FIELD, type Format, TIME_FIELD } from './formats.ts'
import type { RowBatch } from './rows.ts'
import { CELL } from './rows.ts'
import { NO_TIME, readTime } from './time.ts'

/**
 * Turns lines into rows. Never throws on any bytes: a line gives one row, or the reason why not.
 *
 * The author is looked up last, so that refused lines do not fill the dictionary.
 */
export class LineParser {
  readonly #authors: Authors
  readonly #fields = new Fields()
  readonly #area: AreaReader

  constructor(authors: Authors, maxShapeCells: number) {
    this.#authors = authors
    this.#area = new AreaReader(maxShapeCells)
  }

  /** Appends the row of `bytes[from, to)` to `rows`, all but its file and line; the caller sees to the room. */
  parse(format: Format, bytes: Uint8Array, from: number, to: number, rows: RowBatch): Refusal | undefined {
    if (from === to) return 'blank-line'
    const { start, end, escaped } = this.#fields
    const count = this.#fields.split(bytes, from, to)
    if (count === 0) return 'bad-quotes'
    if (count !== format.fieldCount) return 'wrong-field-count'

    const timeMs = readTime(bytes, start[TIME_FIELD]!, end[TIME_FIELD]!)
    if (timeMs === NO_TIME) return 'bad-time'
    const rgb = readColour(format.colour, bytes, start[format.colourField]!, end[format.colourField]!)
    if (rgb === NO_COLOUR) return 'bad-colour'

    const area = this.#area
    const position = format.positionField
    const refused =
      format.position === 'area'
        ? area.readArea(bytes, start[position]!, end[position]!)
        : area.readPair(bytes, start[position]!, end[position]!, start[position + 1]!, end[position + 1]!)
    if (refused !== undefined) return refused

    const author =
      escaped[AUTHOR_FIELD] === 0
        ? this.#authors.idOf(bytes, start[AUTHOR_FIELD]!, end[AUTHOR_FIELD]!)
        : this.#escapedAuthor(unescaped(bytes, start[AUTHOR_FIELD]!, end[AUTHOR_FIELD]!))
    if (author === AUTHOR_INVALID) return 'bad-author'
    if (author === AUTHORS_FULL) return 'too-many-authors'

    const row = rows.n
    rows.timeMs[row] = timeMs
    rows.author[row] = author
    rows.rgb[row] = rgb
    rows.kind[row] = area.kind
    rows.x[row] = area.x
    rows.y[row] = area.y
    if (area.kind !== CELL) {
      rows.x2[row] = area.x2
      rows.y2[row] = area.y2
      rows.shapes += 1
    }
    rows.n = row + 1
    return undefined
  }

  #escapedAuthor(name: Uint8Array): number {
    return this.#authors.idOf(name, 0, name.length)
  }
}
