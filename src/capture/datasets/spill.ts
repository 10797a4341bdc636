import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { RowBatch } from './rows.ts'

/** Rows read back at once. A merge holds one block a run: 156 KiB each. */
const BLOCK_ROWS = 4096
const CELL_BYTES = 30
const SHAPE_BYTES = 9

/** A sorted run in the spill file. */
export interface Run {
  readonly atBytes: number
  readonly rows: number
  /** Whether the run's blocks have the columns that only shapes need. */
  readonly shapes: boolean
}

/**
 * Sorted runs in one temporary file, as blocks of columns in memory order: 30 bytes a row, 39 in a run with
 * shapes. The file is unlinked while open, so that it is gone however the process ends.
 */
export class SpillFile {
  readonly #handle: FileHandle
  readonly #folder: string
  #sizeBytes = 0

  private constructor(handle: FileHandle, folder: string) {
    this.#handle = handle
    this.#folder = folder
  }

  static async create(parent: string): Promise<SpillFile> {
    try {
      const folder = await mkdtemp(join(parent, 'spate-sort-'))
      const path = join(folder, 'runs')
      const spill = new SpillFile(await open(path, 'wx+', 0o600), folder)
      await rm(path)
      return spill
    } catch (cause) {
      throw failed('cannot make a temporary file', cause)
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends the rows `order[0]`, `order[1]`, … as a run. */
  async write(rows: RowBatch, order: Uint32Array): Promise<Run> {
    const run: Run = { atBytes: this.#sizeBytes, rows: rows.n, shapes: rows.shapes > 0 }
    for (let from = 0; from < run.rows; from += BLOCK_ROWS) {
      const block = blockOf(Math.min(BLOCK_ROWS, run.rows - from), run.shapes)
      gather(block.rows, rows, order, from, run.shapes)
      await this.#put(block.bytes)
    }
    return run
  }

  /** The run's rows from `from` on, one block of them. */
  async read(run: Run, from: number): Promise<RowBatch> {
    const block = blockOf(Math.min(BLOCK_ROWS, run.rows - from), run.shapes)
    const position = run.atBytes + from * rowBytes(run.shapes)
    let done = 0
    while (done < block.bytes.length) {
      const { bytesRead } = await this.#handle
        .read(block.bytes, done, block.bytes.length - done, position + done)
        .catch((cause) => {
          throw failed('cannot read a temporary file', cause)
        })
      if (bytesRead === 0) throw new SpateError('corrupt', 'a temporary file has lost its end')
      done += bytesRead
    }
    return block.rows
  }

  async close(): Promise<void> {
    await this.#handle.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #put(bytes: Uint8Array): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle
        .write(bytes, done, bytes.length - done, this.#sizeBytes)
        .catch((cause) => {
          throw failed('cannot write a temporary file', cause)
        })
      done += bytesWritten
      this.#sizeBytes += bytesWritten
    }
  }
}

interface Block {
  readonly bytes: Uint8Array
  readonly rows: RowBatch
}

function rowBytes(shapes: boolean): number {
  return shapes ? CELL_BYTES + SHAPE_BYTES : CELL_BYTES
}

/** A block's bytes, and its columns as views of them, the widest first so that all are aligned. */
function blockOf(n: number, shapes: boolean): Block {
  const buffer = new ArrayBuffer(n * rowBytes(shapes))
  let used = 0
  const column = (valueBytes: number) => {
    const at = used
    used += n * valueBytes
    return at
  }
  const rows: RowBatch = {
    n,
    shapes: 0,
    timeMs: new Float64Array(buffer, column(8), n),
    author: new Uint32Array(buffer, column(4), n),
    rgb: new Uint32Array(buffer, column(4), n),
    x: new Int32Array(buffer, column(4), n),
    y: new Int32Array(buffer, column(4), n),
    line: new Uint32Array(buffer, column(4), n),
    x2: shapes ? new Int32Array(buffer, column(4), n) : new Int32Array(0),
    y2: shapes ? new Int32Array(buffer, column(4), n) : new Int32Array(0),
    file: new Uint16Array(buffer, column(2), n),
    kind: shapes ? new Uint8Array(buffer, column(1), n) : new Uint8Array(n),
  }
  return { bytes: new Uint8Array(buffer), rows }
}

function gather(block: RowBatch, rows: RowBatch, order: Uint32Array, from: number, shapes: boolean): void {
  for (let to = 0; to < block.n; to += 1) {
    const row = order[from + to]!
    block.timeMs[to] = rows.timeMs[row]!
    block.author[to] = rows.author[row]!
    block.rgb[to] = rows.rgb[row]!
    block.x[to] = rows.x[row]!
    block.y[to] = rows.y[row]!
    block.line[to] = rows.line[row]!
    block.file[to] = rows.file[row]!
    if (shapes) {
      block.x2[to] = rows.x2[row]!
      block.y2[to] = rows.y2[row]!
      block.kind[to] = rows.kind[row]!
    }
  }
}

function failed(what: string, cause: unknown): SpateError {
  const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
  return new SpateError(full ? 'storage-full' : 'storage-failed', `${what}: ${messageOf(cause)}`, { cause })
}
