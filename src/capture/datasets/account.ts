/** Why a line gave no row. */
export type Refusal =
  | 'blank-line'
  | 'line-too-long'
  | 'cut-line'
  | 'bad-quotes'
  | 'wrong-field-count'
  | 'bad-time'
  | 'bad-author'
  | 'too-many-authors'
  | 'bad-colour'
  | 'bad-coordinate'
  | 'area-too-large'

/** Why a file, or its rest, was not read. */
export type Damage =
  | 'empty'
  | 'unknown-format'
  | 'other-format'
  | 'gzip-cut'
  | 'gzip-corrupt'
  | 'gzip-trailing-bytes'

export interface RefusedLine {
  /** Index into the reader's files. */
  readonly file: number
  /** Counted from 1, the header included. */
  readonly line: number
  readonly reason: Refusal
  /** The beginning of the line. */
  readonly text: string
}

export interface DamagedFile {
  readonly file: number
  readonly damage: Damage
  /** Lines of the file that were read, the header included. */
  readonly afterLine: number
  /** Bytes of the file, as it lies on disk, that were read. */
  readonly afterBytes: number
}

const MAX_EXAMPLES = 20

/** What became of every line: `rows + refused = lines`, headers not counted. At most one damage a file. */
export class Account {
  rows = 0
  refused = 0
  readonly refusedBy: Record<Refusal, number> = {
    'blank-line': 0,
    'line-too-long': 0,
    'cut-line': 0,
    'bad-quotes': 0,
    'wrong-field-count': 0,
    'bad-time': 0,
    'bad-author': 0,
    'too-many-authors': 0,
    'bad-colour': 0,
    'bad-coordinate': 0,
    'area-too-large': 0,
  }
  /** The first {@link MAX_EXAMPLES} refused lines. */
  readonly examples: RefusedLine[] = []
  readonly damaged: DamagedFile[] = []

  get lines(): number {
    return this.rows + this.refused
  }

  /** `textOf` is called for the first lines only. */
  refuse(reason: Refusal, file: number, line: number, textOf: () => string): void {
    this.refused += 1
    this.refusedBy[reason] += 1
    if (this.examples.length < MAX_EXAMPLES) this.examples.push({ file, line, reason, text: textOf() })
  }
}
