import { SpateError } from '../base/errors.ts'
import { type LogRecord, MAX_BODY_BYTES, type Position, positionOf } from '../log/port.ts'
import { baseOf, bytesOf, PlacementColumns, Shape, shapeOf } from './bodies.ts'
import { Choice, cellsPart, playersPart, readCells, readPlayers } from './columns.ts'
import { PartReader, partOf } from './parts.ts'
import { Tiler } from './transforms.ts'
import { VarintReader, VarintWriter } from './varints.ts'

/**
 * A block: records of one stream, in columns, that can be read without any other block. Its parts, in order:
 *
 *     steps of positions, varints less 1 (the first is in the index)      steps of times, signed varints
 *     types u8     shapes u8     sizes, varints: placements, or bytes     ages of bases of painted, signed varints
 *     bodies of other shapes, one after the other
 *     players      cells         colours u8        steps of painted offsets, signed varints within each record
 */
export const MAX_BLOCK_PLACEMENTS = 65_536
export const MAX_BLOCK_RECORDS = 65_536
/** Of bodies that are no placements; a larger one is a block by itself. */
const MAX_OTHER_BYTES = 512 * 1024
const MAX_VARINT_BYTES = 8

/** What a block is found by. */
export interface BlockSpan {
  readonly first: Position
  readonly last: Position
  readonly firstMs: number
  /** The latest, which need not be the last. */
  readonly latestMs: number
  readonly records: number
  readonly placements: number
}

export interface EncodedBlock extends BlockSpan {
  readonly bytes: Uint8Array
}

/** Gathers records into blocks. Memory is used again; what it encodes is the caller's. */
export class BlockBuilder {
  readonly #columns = new PlacementColumns(MAX_BLOCK_PLACEMENTS)
  readonly #tiler = new Tiler()
  readonly #playerForms = new Choice()
  readonly #cellForms = new Choice()
  readonly #positions = new VarintWriter()
  readonly #times = new VarintWriter()
  readonly #sizes = new VarintWriter()
  readonly #offsets = new VarintWriter()
  readonly #types = new Uint8Array(MAX_BLOCK_RECORDS)
  readonly #shapes = new Uint8Array(MAX_BLOCK_RECORDS)
  readonly #bases = new VarintWriter()
  #others: Uint8Array[] = []
  #otherBytes = 0
  #records = 0
  #first: LogRecord | undefined
  #last: LogRecord | undefined
  #latestMs = 0

  get isEmpty(): boolean {
    return this.#records === 0
  }

  /** False: the block is full, and did not take the record. An empty one takes any. */
  take(record: LogRecord): boolean {
    const { position, timeMs, type, body } = record
    const { shape, count } = shapeOf(type, body, MAX_BLOCK_PLACEMENTS)
    if (!this.isEmpty && !this.#hasRoom(shape, count, body.length)) return false
    const last = this.#last
    if (last !== undefined) {
      if (position <= last.position) throw new RangeError(`position ${position} after ${last.position}`)
      this.#positions.push(position - last.position - 1)
    }
    this.#times.pushSigned(timeMs - (last?.timeMs ?? timeMs))
    this.#types[this.#records] = type
    this.#shapes[this.#records] = shape
    if (shape === Shape.other) {
      this.#sizes.push(body.length)
      this.#others.push(body)
      this.#otherBytes += body.length
    } else {
      this.#sizes.push(count)
      if (shape === Shape.painted) this.#bases.pushSigned(timeMs - baseOf(body))
      this.#columns.take(shape, count, body)
      if (shape === Shape.painted) this.#takeOffsets(count)
    }
    this.#records += 1
    this.#first ??= record
    this.#last = record
    this.#latestMs = Math.max(this.#latestMs, timeMs)
    return true
  }

  #hasRoom(shape: Shape, count: number, bodyBytes: number): boolean {
    if (this.#records === MAX_BLOCK_RECORDS) return false
    return shape === Shape.other
      ? this.#otherBytes + bodyBytes <= MAX_OTHER_BYTES
      : this.#columns.count + count <= MAX_BLOCK_PLACEMENTS
  }

  #takeOffsets(count: number): void {
    const { offset, painted } = this.#columns
    let last = 0
    for (let i = painted - count; i < painted; i++) {
      const value = offset[i] ?? 0
      this.#offsets.pushSigned(value - last)
      last = value
    }
  }

  /** What was taken since the last time. Compresses on other threads, column by column. */
  async encode(): Promise<EncodedBlock> {
    const [first, last] = [this.#first, this.#last]
    if (first === undefined || last === undefined) throw new RangeError('a block without records')
    const { player, x, y, color, count } = this.#columns
    const parts: Uint8Array[] = []
    const plain = [
      this.#positions.bytes,
      this.#times.bytes,
      this.#types.subarray(0, this.#records),
      this.#shapes.subarray(0, this.#records),
      this.#sizes.bytes,
      this.#bases.bytes,
      Buffer.concat(this.#others),
    ]
    for (const raw of plain) parts.push(await partOf(raw))
    const [xs, ys] = [x.subarray(0, count), y.subarray(0, count)]
    parts.push(await playersPart(player.subarray(0, count), this.#playerForms))
    parts.push(await cellsPart(xs, ys, this.#cellForms, this.#tiler))
    parts.push(await partOf(color.subarray(0, count)), await partOf(this.#offsets.bytes))
    const block = {
      first: first.position,
      last: last.position,
      firstMs: first.timeMs,
      latestMs: this.#latestMs,
      records: this.#records,
      placements: count,
      bytes: Buffer.concat(parts),
    }
    this.#clear()
    return block
  }

  /** Nothing of the blocks before tells in the next one. */
  beginAnew(): void {
    this.#playerForms.forget()
    this.#cellForms.forget()
  }

  #clear(): void {
    const varints = [this.#positions, this.#times, this.#sizes, this.#bases, this.#offsets]
    for (const writer of varints) writer.clear()
    this.#columns.clear()
    this.#others = []
    this.#otherBytes = 0
    this.#records = 0
    this.#first = undefined
    this.#last = undefined
    this.#latestMs = 0
  }
}

/** The records of a block, as they were. Errors: `corrupt`, `newer-version`. */
export function decodeBlock(span: BlockSpan, bytes: Uint8Array): LogRecord[] {
  const { records: count, placements } = span
  if (count === 0 || count > MAX_BLOCK_RECORDS || placements > MAX_BLOCK_PLACEMENTS) {
    throw new SpateError('corrupt', `a block of ${count} records and ${placements} placements`)
  }
  const reader = new PartReader(bytes)
  const positions = new VarintReader(reader.next(count * MAX_VARINT_BYTES))
  const times = new VarintReader(reader.next(count * MAX_VARINT_BYTES))
  const types = reader.next(count)
  const shapes = reader.next(count)
  const sizes = new VarintReader(reader.next(count * MAX_VARINT_BYTES))
  const bases = new VarintReader(reader.next(count * MAX_VARINT_BYTES))
  const others = reader.next(MAX_OTHER_BYTES + MAX_BODY_BYTES)
  const columns = new PlacementColumns(placements)
  readPlayers(reader, columns.player)
  readCells(reader, columns.x, columns.y)
  const colors = reader.next(placements)
  columns.color.set(colors)
  const offsets = new VarintReader(reader.next(placements * MAX_VARINT_BYTES))
  reader.end()

  const plan = planOf(types, shapes, sizes, count)
  if (plan.placements !== placements || colors.length !== placements) {
    throw new SpateError('corrupt', 'a block whose columns do not fit together')
  }
  fillOffsets(columns, plan, offsets)
  const memory = new Uint8Array(plan.bytes)
  const out: LogRecord[] = []
  let [at, other] = [0, 0]
  let position: number = span.first
  let timeMs = span.firstMs
  for (let i = 0; i < count; i++) {
    const shape = plan.shapes[i] ?? Shape.other
    const size = plan.sizes[i] ?? 0
    if (i > 0) position += positions.next() + 1
    timeMs += times.nextSigned()
    let body: Uint8Array
    if (shape === Shape.other) {
      body = others.subarray(other, other + size)
      if (body.length < size) throw new SpateError('corrupt', 'bodies that end too early')
      other += size
    } else {
      body = memory.subarray(at, at + bytesOf(shape, size))
      at += body.length
      columns.give(shape, size, shape === Shape.painted ? timeMs - bases.nextSigned() : 0, body)
    }
    if (!Number.isSafeInteger(position) || !(timeMs >= 0)) throw new SpateError('corrupt', 'not a record')
    out.push({ position: positionOf(position), timeMs, type: types[i] ?? 0, body })
  }
  positions.end()
  times.end()
  sizes.end()
  bases.end()
  offsets.end()
  if (other !== others.length || position !== span.last) {
    throw new SpateError('corrupt', 'a block that ends elsewhere than its index says')
  }
  return out
}

interface Plan {
  readonly shapes: readonly Shape[]
  readonly sizes: readonly number[]
  readonly placements: number
  /** Of all bodies of placements. */
  readonly bytes: number
}

function planOf(types: Uint8Array, shapes: Uint8Array, sizes: VarintReader, count: number): Plan {
  if (types.length !== count || shapes.length !== count) {
    throw new SpateError('corrupt', 'a block whose columns do not fit together')
  }
  const plan = { shapes: [] as Shape[], sizes: [] as number[], placements: 0, bytes: 0 }
  for (const byte of shapes) {
    const shape = KNOWN[byte]
    if (shape === undefined) {
      throw new SpateError('newer-version', `this release does not know shape ${byte}: upgrade Spate`)
    }
    const size = sizes.next()
    plan.shapes.push(shape)
    plan.sizes.push(size)
    if (shape === Shape.other) continue
    plan.placements += size
    plan.bytes += bytesOf(shape, size)
    if (plan.placements > MAX_BLOCK_PLACEMENTS) break
  }
  return plan
}

const KNOWN: readonly (Shape | undefined)[] = [Shape.other, Shape.placed, Shape.painted]

function fillOffsets({ offset }: PlacementColumns, { shapes, sizes }: Plan, steps: VarintReader): void {
  let at = 0
  shapes.forEach((shape, i) => {
    if (shape !== Shape.painted) return
    let value = 0
    for (const end = at + (sizes[i] ?? 0); at < end; at++) {
      value += steps.nextSigned()
      offset[at] = value
    }
  })
}
