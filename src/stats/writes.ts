import { IS_PAINTED, kindOf, StrokeKind, type Strokes, WAS_PAINTED } from '../boards/canvas/strokes.ts'
import { WriteKind, type Written } from '../meters/records.ts'
import type { BoardMeter } from './declarations.ts'

/** Strokes of one call at most, so that what they name can be numbered in 16 bits. */
export const MAX_STROKES_AT_ONCE = 8192
const COLORS = 256
const ENTITIES = 2 ** 32

/**
 * What strokes are in the meters of a board. Additions and subtractions are summed apart, each entity in the order in
 * which it came, so that the meters come to the same whatever pieces the strokes come in.
 *
 * @param firsts 1 for each stroke with which a player paints a cell for the first time
 */
export function writesOf(strokes: Strokes, from: number, to: number, firsts: Uint8Array): Written {
  const writes = new Writes()
  const placements = writes.sums('placements')
  const cells = writes.sums('cells')
  const surviving = writes.sums('surviving')
  const colors = writes.sums('colors')
  const area = writes.sums('area')
  for (let i = from; i < to; i++) {
    const mark = strokes.mark[i] ?? 0
    const player = strokes.player[i] ?? 0
    const owner = strokes.owner[i] ?? 0
    const color = strokes.color[i] ?? 0
    const before = strokes.colorBefore[i] ?? 0
    const kind = kindOf(mark)
    writes.at(strokes.second[i] ?? 0)
    if (kind === StrokeKind.placed) {
      colors.add(color, 1)
      if (player !== 0) placements.add(player, 1, color)
      if (firsts[i - from] === 1) cells.add(player, 1)
    } else if (kind === StrokeKind.undone) {
      colors.add(before, -1)
      if (owner !== 0) placements.add(owner, -1, before)
    }
    if (owner !== player) {
      if (owner !== 0) surviving.add(owner, -1)
      if (player !== 0) surviving.add(player, 1)
    }
    const was = (mark & WAS_PAINTED) !== 0
    const is = (mark & IS_PAINTED) !== 0
    if (was && is && color === before) continue
    if (was) area.add(before, -1)
    if (is) area.add(color, 1)
  }
  return writes.written()
}

/** Amounts by entity, second, colour where there is one, and sign; in the order in which they first came. */
class Sums {
  readonly meter: BoardMeter
  readonly #writes: Writes
  readonly #indexes = new Map<number, number>()
  readonly entities: number[] = []
  readonly colors: number[] = []
  readonly seconds: number[] = []
  readonly amounts: number[] = []

  constructor(meter: BoardMeter, writes: Writes) {
    this.meter = meter
    this.#writes = writes
  }

  add(entity: number, amount: 1 | -1, color = 0): void {
    // At most 8,192 seconds, 2^32 entities, 256 colours and a sign: as much as a number holds exactly.
    const place = (this.#writes.secondIndex * ENTITIES + entity) * COLORS + color
    const key = amount > 0 ? place : -place - 1
    const known = this.#indexes.get(key)
    if (known !== undefined) {
      this.amounts[known] = (this.amounts[known] ?? 0) + amount
      return
    }
    this.#indexes.set(key, this.entities.length)
    this.entities.push(entity)
    this.colors.push(color)
    this.seconds.push(this.#writes.second)
    this.amounts.push(amount)
  }
}

class Writes {
  second = -1
  secondIndex = 0
  readonly #secondIndexes = new Map<number, number>()
  readonly #sums: Sums[] = []
  readonly #names: string[] = []
  readonly #numbers = new Map<string | number, number>()

  sums(meter: BoardMeter): Sums {
    const sums = new Sums(meter, this)
    this.#sums.push(sums)
    return sums
  }

  /** What is added from here on happened then. */
  at(second: number): void {
    if (second === this.second) return
    this.second = second
    const known = this.#secondIndexes.get(second)
    this.secondIndex = known ?? this.#secondIndexes.size
    if (known === undefined) this.#secondIndexes.set(second, this.secondIndex)
  }

  #nameOf(name: string | number): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#names.length
    this.#numbers.set(name, number)
    this.#names.push(String(name))
    return number
  }

  written(): Written {
    const count = this.#sums.reduce((sum, { entities }) => sum + entities.length, 0)
    const dimensions = new Uint8Array(count)
    const meter = new Uint16Array(count)
    const entity = new Uint16Array(count)
    const second = new Uint32Array(count)
    const amounts = new Float64Array(count)
    const values: number[] = []
    let at = 0
    for (const sums of this.#sums) {
      const number = this.#nameOf(sums.meter)
      const hasColor = sums.meter === 'placements'
      for (const [i, each] of sums.entities.entries()) {
        dimensions[at] = hasColor ? 1 : 0
        meter[at] = number
        entity[at] = this.#nameOf(each)
        second[at] = sums.seconds[i] ?? 0
        amounts[at] = sums.amounts[i] ?? 0
        if (hasColor) values.push(this.#nameOf(sums.colors[i] ?? 0))
        at += 1
      }
    }
    return {
      key: '',
      count,
      names: this.#names,
      kind: new Uint8Array(count).fill(WriteKind.add),
      dimensions,
      meter,
      entity,
      values: Uint16Array.from(values),
      second,
      from: new Uint32Array(0),
      amounts,
    }
  }
}
