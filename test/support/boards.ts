import { Canvas } from '../../src/boards/canvas/canvas.ts'
import { Changes } from '../../src/boards/canvas/changes.ts'
import type { Cell } from '../../src/boards/canvas/chunk.ts'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { type Area, wrap } from '../../src/boards/canvas/geometry.ts'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import type { CanvasRecord, Created, Painted, Placed } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { FREE_RULES, type Lock, type Rules } from '../../src/boards/canvas/rules.ts'
import { type VerdictName, verdictName } from '../../src/boards/canvas/verdict.ts'
import { type LogRecord, positionOf } from '../../src/log/port.ts'

/** When the boards of tests begin: a multiple of every window that they use. */
export const T0 = 1_000_000_000_000

/** An intent or cell; signed coordinates. */
export type Placement = readonly [player: number, x: number, y: number, color: number]
/** A cell that was judged elsewhere; signed coordinates. */
export type Painting = readonly [...placement: Placement, timeMs: number]
/** A cell to put back; signed coordinates. */
export interface Restoring {
  readonly x: number
  readonly y: number
  readonly expected: Cell
  readonly becomes: Cell
}

export const BLANK: Cell = { color: 0, player: 0, timeMs: 0 }

export function area(left: number, top: number, width: number, height: number): Area {
  return { left, top, width, height }
}

/** A free board of 100 × 100 cells with sixteen colours. */
export function created(part: Partial<Created> = {}): Created {
  return {
    id: 'board',
    extent: area(0, 0, 100, 100),
    palette: CLASSIC_PALETTE,
    background: 0,
    rules: FREE_RULES,
    ...part,
  }
}

export function placed(...placements: readonly Placement[]): Placed {
  return {
    count: placements.length,
    player: Uint32Array.from(placements, ([player]) => player),
    x: Uint16Array.from(placements, ([, x]) => wrap(x)),
    y: Uint16Array.from(placements, ([, , y]) => wrap(y)),
    color: Uint8Array.from(placements, ([, , , color]) => color),
  }
}

export function painted(...paintings: readonly Painting[]): Painted {
  const timeMs = Float64Array.from(paintings, ([, , , , timeMs]) => timeMs)
  return { ...placed(...paintings.map(([player, x, y, color]) => [player, x, y, color] as const)), timeMs }
}

/** A canvas and the records it was folded from. Its time stands where it is put. */
export class Fold {
  readonly canvas = new Canvas()
  readonly records: LogRecord[] = []
  /** Of the last record. */
  readonly changes = new Changes()
  nowMs = T0

  constructor(part: Partial<Created> = {}) {
    this.apply({ type: RecordType.created, body: created(part) })
  }

  /** Appends a record of the present time and answers with the fold's verdicts. */
  apply(record: CanvasRecord): VerdictName[] {
    const position = positionOf(this.records.length + 1)
    const stored = { position, timeMs: this.nowMs, type: record.type, body: encodeBody(record) }
    this.records.push(stored)
    this.changes.clear()
    return Array.from(this.canvas.apply(stored, this.changes), verdictName)
  }

  place(...placements: readonly Placement[]): VerdictName[] {
    return this.apply({ type: RecordType.placed, body: placed(...placements) })
  }

  paint(...paintings: readonly Painting[]): VerdictName[] {
    return this.apply({ type: RecordType.painted, body: painted(...paintings) })
  }

  restore(kind: 'rollback' | 'reinstate', ...cells: readonly Restoring[]): VerdictName[] {
    const wrapped = cells.map((cell) => ({ ...cell, x: wrap(cell.x), y: wrap(cell.y) }))
    return this.apply({ type: RecordType.restored, body: { kind, player: 0, reason: '', cells: wrapped } })
  }

  /** Takes the player's last placement back, as a gateway asks for it. */
  undo(player: number): VerdictName | undefined {
    const slot = this.canvas.undo.get(player)
    if (slot === undefined) return undefined
    const { x, y, color, timeMs, before } = slot
    const cell = { x, y, expected: { color, player, timeMs }, becomes: before }
    return this.apply({
      type: RecordType.restored,
      body: { kind: 'undo', player, reason: '', cells: [cell] },
    })[0]
  }

  ban(player: number, part: { untilMs?: number; shadow?: boolean } = {}): VerdictName | undefined {
    const body = { player, untilMs: null, shadow: false, reason: '', ...part }
    return this.apply({ type: RecordType.banned, body })[0]
  }

  unban(player: number): VerdictName | undefined {
    return this.apply({ type: RecordType.unbanned, body: { player } })[0]
  }

  resize(extent: Area): VerdictName | undefined {
    return this.apply({ type: RecordType.resized, body: { extent } })[0]
  }

  repaint(palette: readonly number[]): VerdictName | undefined {
    return this.apply({ type: RecordType.repainted, body: { palette } })[0]
  }

  rule(part: Partial<Rules>): VerdictName | undefined {
    return this.apply({ type: RecordType.ruled, body: { rules: { ...this.canvas.info.rules, ...part } } })[0]
  }

  lock(id: string, at: Area): VerdictName | undefined {
    const lock: Lock = { ...at, id, reason: '' }
    return this.apply({ type: RecordType.locked, body: { lock } })[0]
  }

  unlock(id: string): VerdictName | undefined {
    return this.apply({ type: RecordType.unlocked, body: { id } })[0]
  }

  /** Signed coordinates. */
  cell(x: number, y: number): Cell {
    return this.canvas.cellAt(wrap(x), wrap(y))
  }

  /** What everybody was shown by the last record: wrapped cells and colours, in order. */
  get shown(): [x: number, y: number, color: number][] {
    const { count, x, y, color } = this.changes
    return Array.from({ length: count }, (_, i) => [x[i] ?? 0, y[i] ?? 0, color[i] ?? 0])
  }

  /** A row of colours; signed coordinates. */
  row(left: number, y: number, width: number): number[] {
    return Array.from({ length: width }, (_, i) => this.cell(left + i, y).color)
  }
}

/** Folds records into a canvas of their own. */
export function folded(records: readonly LogRecord[], into = new Canvas()): Canvas {
  const changes = new Changes()
  for (const record of records) {
    into.apply(record, changes)
    changes.clear()
  }
  return into
}
