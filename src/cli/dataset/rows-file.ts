import { type FileHandle, open } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

/** JavaScript's strings are held until they are this long. */
const CHUNK_CHARACTERS = 1 << 18

/** How JSON writes half of a character of two, which is no text, or the same letters behind a backslash. */
const HALF = /\\ud[89a-f]/

function wellFormed(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}

/** Rows as JSON lines in a compressed file, for DuckDB to read. */
export class RowsFile {
  readonly path: string
  readonly #file: FileHandle
  #text = ''

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  static async create(path: string): Promise<RowsFile> {
    return new RowsFile(path, await open(path, 'wx'))
  }

  /** Kept until `settle`. Half a character becomes U+FFFD, as in UTF-8. */
  add(row: object): void {
    const line = JSON.stringify(row)
    this.#text += `${HALF.test(line) ? JSON.stringify(row, wellFormed) : line}\n`
  }

  /** Writes what is much. To be awaited now and then, so that memory does not grow. */
  async settle(): Promise<void> {
    if (this.#text.length >= CHUNK_CHARACTERS) await this.#write()
  }

  async #write(): Promise<void> {
    // Members of a gzip file follow each other.
    const bytes = gzipSync(this.#text, { level: 1 })
    this.#text = ''
    await this.#file.writeFile(bytes)
  }

  async close(): Promise<void> {
    try {
      await this.#write()
    } finally {
      await this.#file.close()
    }
  }
}
