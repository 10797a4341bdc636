import assert from 'node:assert/strict'
import { decodeBody } from '../../src/boards/canvas/codec.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import type { LogRecord } from '../../src/log/port.ts'

/** Where the edits go: 128 × 128 cells, spread over four chunks. */
const COLUMNS = 128
const ROWS = 128
const STRIDE = 4
const CELLS = COLUMNS * ROWS
const COLORS = 255
const CAPACITY = CELLS * COLORS
const REFUSED = 1
const IN_DOUBT = 2

/** A board whose every edit is one of its kind: a cell gets each of 255 colours at most once. */
export const LEDGER_BOARD = {
  id: 'ledger',
  width: COLUMNS * STRIDE,
  height: ROWS * STRIDE,
  palette: Array.from({ length: COLORS + 1 }, (_, i) => `#${i.toString(16).padStart(6, '0')}`),
} as const

export interface MarkedEdit {
  readonly x: number
  readonly y: number
  readonly color: number
}

/** The nth edit ever. No other has its cell and colour, so a record of it tells which one it was. */
export function editOf(n: number): MarkedEdit {
  const cell = n % CELLS
  const x = (cell % COLUMNS) * STRIDE
  const y = Math.floor(cell / COLUMNS) * STRIDE
  return { x, y, color: 1 + Math.floor(n / CELLS) }
}

export function numberOf({ x, y, color }: MarkedEdit): number {
  return (color - 1) * CELLS + (y / STRIDE) * COLUMNS + x / STRIDE
}

/** What was sent by whom and what was acknowledged, over the whole life of a board. */
export class Ledger {
  /** By edit: its painter, from 1; 0 for one never sent. */
  readonly #painter = new Uint16Array(CAPACITY)
  /** By edit: the position it was acknowledged with; 0 for none. */
  readonly #acknowledgedAt = new Uint32Array(CAPACITY)
  /** By edit: how it was refused, 0 when it was not. */
  readonly #refused = new Uint8Array(CAPACITY)
  #sent = 0
  #painters = 0
  acknowledged = 0
  doubted = 0

  get sent(): number {
    return this.#sent
  }

  addPainter(): number {
    this.#painters += 1
    return this.#painters
  }

  /** Numbers of the next edits: this one and those that follow it. */
  send(painter: number, count: number): number {
    const from = this.#sent
    assert.ok(from + count <= CAPACITY, 'more edits than the ledger can tell apart')
    this.#painter.fill(painter, from, from + count)
    this.#sent = from + count
    return from
  }

  acknowledge(from: number, count: number, position: number): void {
    this.#acknowledgedAt.fill(position, from, from + count)
    this.acknowledged += count
  }

  refuse(from: number, count: number): void {
    this.#refused.fill(REFUSED, from, from + count)
  }

  /** Refused because a log elsewhere did not answer: it may be there. */
  doubt(from: number, count: number): void {
    this.#refused.fill(IN_DOUBT, from, from + count)
    this.doubted += count
  }

  /**
   * Holds a board's stream against what was sent: nothing twice, nothing that was refused or that nobody sent,
   * everything acknowledged at the position it was acknowledged with, and of each painter an unbroken
   * beginning of what was not refused, in the order in which it was sent.
   *
   * @returns how many edits the stream holds
   */
  check(records: readonly LogRecord[]): number {
    const positionOf = new Uint32Array(this.#sent)
    const lastOf = new Float64Array(this.#painters + 1).fill(-1)
    const playerOf = new Uint32Array(this.#painters + 1)
    const logged = new Uint32Array(this.#painters + 1)
    let held = 0
    for (const { position, type, body } of records) {
      const record = decodeBody(type, body)
      if (record.type !== RecordType.placed) continue
      const { count, player, x, y, color } = record.body
      for (let i = 0; i < count; i++) {
        const n = numberOf({ x: x[i]!, y: y[i]!, color: color[i]! })
        const painter = this.#painter[n] ?? 0
        if (painter === 0) assert.fail(`${position} holds edit ${n}, which nobody sent`)
        if (this.#refused[n] === REFUSED) assert.fail(`${position} holds edit ${n}, which was refused`)
        if (positionOf[n] !== 0) assert.fail(`edit ${n} is in ${positionOf[n]} and again in ${position}`)
        positionOf[n] = position
        if (n <= lastOf[painter]!)
          assert.fail(`edit ${n} of painter ${painter} comes after ${lastOf[painter]}`)
        lastOf[painter] = n
        playerOf[painter] ||= player[i]!
        if (playerOf[painter] !== player[i]) assert.fail(`edit ${n} is recorded as of player ${player[i]}`)
        logged[painter]! += 1
        held += 1
      }
    }
    for (let n = 0; n < this.#sent; n++) {
      const painter = this.#painter[n]!
      const position = positionOf[n]!
      const acknowledgedAt = this.#acknowledgedAt[n]!
      if (acknowledgedAt !== 0 && position !== acknowledgedAt) {
        assert.fail(`edit ${n} was acknowledged at ${acknowledgedAt} and is ${position || 'nowhere'}`)
      }
      if (position === 0 && n < lastOf[painter]! && this.#refused[n] === 0)
        assert.fail(`edit ${n} of painter ${painter} was skipped`)
    }
    assert.equal(
      held,
      logged.reduce((sum, count) => sum + count, 0),
    )
    return held
  }
}
