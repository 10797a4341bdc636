/**
 * Rows of a dataset in columns: what one line says, in the order of the lines.
 *
 * A row is a cell, or a moderator's shape that stands for many cells; {@link expanded} turns rows into cells.
 * Sorting and spilling work on rows, so that a shape costs the same as a cell until it is drawn.
 */
export const CELL = 0
/** `x`, `y` is the top left corner, `x2`, `y2` the bottom right one, all inclusive. */
export const RECTANGLE = 1
/** `x`, `y` is the centre, `x2` the radius, `y2` zero. */
export const CIRCLE = 2

/** Cells in columns. Only the first `n` entries of each column mean something. */
export interface CellBatch {
  n: number
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: Float64Array
  /** An id of the reader's `Authors`. */
  readonly author: Uint32Array
  /** 0xRRGGBB. */
  readonly rgb: Uint32Array
  readonly x: Int32Array
  readonly y: Int32Array
  /** Index into the reader's files. */
  readonly file: Uint16Array
  /** Counted from 1, the header included. */
  readonly line: Uint32Array
}

export interface RowBatch extends CellBatch {
  /** How many of the rows are not single cells. */
  shapes: number
  /** {@link CELL}, {@link RECTANGLE} or {@link CIRCLE}. */
  readonly kind: Uint8Array
  readonly x2: Int32Array
  readonly y2: Int32Array
}

/** Rows handed over at once; small enough for the cache, large enough that an `await` a batch costs nothing. */
export const BATCH_ROWS = 16_384

export function emptyCells(capacity: number): CellBatch {
  return {
    n: 0,
    timeMs: new Float64Array(capacity),
    author: new Uint32Array(capacity),
    rgb: new Uint32Array(capacity),
    x: new Int32Array(capacity),
    y: new Int32Array(capacity),
    file: new Uint16Array(capacity),
    line: new Uint32Array(capacity),
  }
}

export function emptyRows(capacity: number): RowBatch {
  return {
    ...emptyCells(capacity),
    shapes: 0,
    kind: new Uint8Array(capacity),
    x2: new Int32Array(capacity),
    y2: new Int32Array(capacity),
  }
}

/** Appends row `from` of `source`; the caller sees to the room. */
export function appendRow(target: RowBatch, source: RowBatch, from: number): void {
  const to = target.n
  target.timeMs[to] = source.timeMs[from]!
  target.author[to] = source.author[from]!
  target.rgb[to] = source.rgb[from]!
  target.x[to] = source.x[from]!
  target.y[to] = source.y[from]!
  target.file[to] = source.file[from]!
  target.line[to] = source.line[from]!
  const kind = source.kind[from]!
  target.kind[to] = kind
  if (kind !== CELL) {
    target.x2[to] = source.x2[from]!
    target.y2[to] = source.y2[from]!
    target.shapes += 1
  }
  target.n = to + 1
}
