import { assert } from '../../base/assert.ts'
import { SpateError } from '../../base/errors.ts'
import { Account, type Damage } from './account.ts'
import { Authors, MAX_AUTHORS } from './authors.ts'
import { FORMATS, type Format, type FormatName, formatOfHeader } from './formats.ts'
import { InputFile } from './input.ts'
import { LineParser } from './line-parser.ts'
import { LineSplitter } from './lines.ts'
import { BATCH_ROWS, emptyRows, type RowBatch } from './rows.ts'

/** 4096 × 4096: more than any canvas of r/place had. */
export const MAX_SHAPE_CELLS = 1 << 24
const MAX_FILES = 65_536
const EXAMPLE_BYTES = 200

export interface DatasetOptions {
  /** Given, files need no header; a header of another format then leaves the file unread. */
  readonly format?: FormatName
  /** Lowers the bound of {@link MAX_AUTHORS}, and with it the only memory that grows. */
  readonly maxAuthors?: number
}

export interface DatasetProgress {
  /** Bytes as they lie on disk, of all files. */
  readonly readBytes: number
  readonly totalBytes: number
  readonly rows: number
  readonly refused: number
}

/**
 * Reads the files of an r/place dataset, in the order given, as batches of rows in the order of their lines.
 *
 * Memory is bounded whatever the files hold, but for the dictionary of authors, which has its own bound. No
 * content makes it throw: what gives no row is in the account, and `rows + refused = lines` holds whenever a
 * batch is handed over. It throws a SpateError when a file cannot be read at all.
 */
export class DatasetReader {
  readonly files: readonly string[]
  readonly account = new Account()
  readonly authors: Authors
  /** Of the files read so far. */
  readonly formats = new Set<FormatName>()
  readonly #inputs: readonly InputFile[]
  readonly #format: Format | undefined
  readonly #parser: LineParser
  #started = false

  private constructor(inputs: readonly InputFile[], options: DatasetOptions) {
    this.#inputs = inputs
    this.files = inputs.map((input) => input.path)
    this.authors = new Authors(options.maxAuthors ?? MAX_AUTHORS)
    this.#parser = new LineParser(this.authors, MAX_SHAPE_CELLS)
    this.#format = options.format === undefined ? undefined : FORMATS[options.format]
  }

  /** Fails before anything is read when one of the files is missing. */
  static async open(paths: readonly string[], options: DatasetOptions = {}): Promise<DatasetReader> {
    if (paths.length > MAX_FILES) throw new SpateError('too-large', `more than ${MAX_FILES} files`)
    const inputs: InputFile[] = []
    for (const path of paths) inputs.push(await InputFile.find(path))
    return new DatasetReader(inputs, options)
  }

  progress(): DatasetProgress {
    let readBytes = 0
    let totalBytes = 0
    for (const input of this.#inputs) {
      readBytes += input.readBytes
      totalBytes += input.sizeBytes
    }
    return { readBytes, totalBytes, rows: this.account.rows, refused: this.account.refused }
  }

  /** Once a reader. Batches are the caller's to keep. */
  async *rows(signal: AbortSignal): AsyncGenerator<RowBatch, void, undefined> {
    assert(!this.#started, 'a dataset is read once')
    this.#started = true
    let batch = emptyRows(BATCH_ROWS)
    for (const [index, input] of this.#inputs.entries()) {
      const lines = new FileLines(index, this.#format, this.#parser, this.account)
      for await (const chunk of input.chunks()) {
        signal.throwIfAborted()
        lines.splitter.feed(chunk)
        while (lines.parseUpTo(batch)) {
          yield batch
          batch = emptyRows(BATCH_ROWS)
        }
        if (lines.damage !== undefined) break
      }
      lines.finish(batch, input.damage)
      if (lines.format !== undefined) this.formats.add(lines.format.name)
      if (lines.damage !== undefined) {
        const { line: afterLine, damage } = lines
        this.account.damaged.push({ file: index, damage, afterLine, afterBytes: input.readBytes })
      }
    }
    if (batch.n > 0) yield batch
  }
}

/** The lines of one file on their way into batches. */
class FileLines {
  readonly splitter = new LineSplitter()
  line = 0
  damage: Damage | undefined
  readonly #file: number
  readonly #wanted: Format | undefined
  readonly #parser: LineParser
  readonly #account: Account
  format: Format | undefined

  constructor(file: number, wanted: Format | undefined, parser: LineParser, account: Account) {
    this.#file = file
    this.#wanted = wanted
    this.#parser = parser
    this.#account = account
  }

  /** Parses what was fed; true when the batch is full, false when all of it is parsed and the batch is not. */
  parseUpTo(batch: RowBatch): boolean {
    const capacity = batch.timeMs.length
    while (batch.n < capacity) {
      if (!this.splitter.next()) return false
      this.line += 1
      if (this.format !== undefined) this.#row(this.format, batch)
      else if (!this.#begin(batch)) return false
    }
    return true
  }

  /** Takes the last line if no line end follows it. In a damaged file that line is a piece of one. */
  finish(batch: RowBatch, damage: Damage | undefined): void {
    this.damage ??= damage
    if (this.damage === 'unknown-format' || this.damage === 'other-format') return
    const format = this.format ?? this.#wanted
    if (this.splitter.finish()) {
      this.line += 1
      if (this.damage === 'gzip-cut' || this.damage === 'gzip-corrupt') {
        if (format !== undefined) this.#refuse('cut-line')
      } else if (this.format === undefined) {
        this.#begin(batch)
      } else {
        this.#row(this.format, batch)
      }
    }
    if (this.line === 0) this.damage ??= 'empty'
  }

  /** The first line. False when the file cannot be read on. */
  #begin(batch: RowBatch): boolean {
    const header = this.splitter.tooLong ? undefined : formatOfHeader(this.#text())
    this.format = this.#wanted ?? header
    if (this.format === undefined) {
      this.damage = 'unknown-format'
      return false
    }
    if (header === undefined) this.#row(this.format, batch)
    else if (header !== this.format) this.damage = 'other-format'
    return this.damage === undefined
  }

  #row(format: Format, batch: RowBatch): void {
    const { bytes, start, end, tooLong } = this.splitter
    const row = batch.n
    const refusal = tooLong ? 'line-too-long' : this.#parser.parse(format, bytes, start, end, batch)
    if (refusal !== undefined) {
      this.#refuse(refusal)
      return
    }
    batch.file[row] = this.#file
    batch.line[row] = this.line
    this.#account.rows += 1
  }

  #refuse(reason: Parameters<Account['refuse']>[0]): void {
    this.#account.refuse(reason, this.#file, this.line, () => this.#text())
  }

  #text(): string {
    const { bytes, start, end } = this.splitter
    return bytes.toString('utf8', start, Math.min(end, start + EXAMPLE_BYTES))
  }
}
