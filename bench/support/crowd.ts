import { encodeBody } from '../../src/boards/canvas/codec.ts'
import type { Placed } from '../../src/boards/canvas/records.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import type { NewRecord } from '../../src/log/port.ts'
import { Random } from './random.ts'

export interface CrowdOptions {
  readonly seed: number
  /** The board is `side` × `side`. */
  readonly side: number
  readonly players: number
  readonly colors: number
}

/** Gives the next `count` placements. */
export type Crowd = (count: number) => Placed

/** Every cell, colour and player is as likely as any other: the worst case for caches, unlike any event. */
export function uniformCrowd({ seed, side, players, colors }: CrowdOptions): Crowd {
  const random = new Random(seed)
  return (count) =>
    placed(count, (columns, i) => {
      columns.player[i] = 1 + random.integer(players)
      columns.x[i] = random.integer(side)
      columns.y[i] = random.integer(side)
      columns.color[i] = random.integer(colors)
    })
}

const SPOTS = 300
const STRAY_SHARE = 0.1

/**
 * An event's crowd: nine in ten paint at one of 300 spots (Zipf by rank, so the first draws one in six),
 * normally distributed around it with a deviation of 5 to 40 cells, with four colours of the spot's own in
 * three of four placements; the tenth paints anywhere. Players are drawn by Zipf's law too, the busiest with
 * the lowest numbers, as they are in an event where numbers are given in order of arrival.
 */
export function eventCrowd({ seed, side, players, colors }: CrowdOptions): Crowd {
  const random = new Random(seed)
  const spots = Array.from({ length: SPOTS }, () => ({
    x: random.integer(side),
    y: random.integer(side),
    deviation: 5 + random.integer(36),
    colors: Array.from({ length: 4 }, () => random.integer(colors)),
  }))
  const onBoard = (at: number): number => Math.min(side - 1, Math.max(0, Math.round(at)))
  return (count) =>
    placed(count, (columns, i) => {
      const spot = random.unit() < STRAY_SHARE ? undefined : spots[random.zipf(SPOTS)]
      const own = spot !== undefined && random.unit() < 0.75
      columns.player[i] = 1 + random.zipf(players)
      columns.x[i] =
        spot === undefined ? random.integer(side) : onBoard(spot.x + random.normal() * spot.deviation)
      columns.y[i] =
        spot === undefined ? random.integer(side) : onBoard(spot.y + random.normal() * spot.deviation)
      columns.color[i] = own ? (spot.colors[random.integer(4)] ?? 0) : random.integer(colors)
    })
}

const SHAPES = 400
/** Makes 1000×1000 about as large as a PNG as sephsplace's board was (147 kB). */
const NOISE_SHARE = 0.055

/** What a board looks like in the end: flat shapes one above the other, and a few strays; row by row. */
export function drawing({ seed, side, colors, players }: CrowdOptions): Crowd {
  const random = new Random(seed)
  const cells = new Uint8Array(side * side)
  for (let shape = 0; shape < SHAPES; shape++) {
    const width = 1 + random.integer(side / 8)
    const left = random.integer(side - width)
    const top = random.integer(side - width)
    const color = random.integer(colors)
    for (let y = top; y < top + width; y++) cells.fill(color, y * side + left, y * side + left + width)
  }
  let at = 0
  return (count) =>
    placed(count, (columns, i) => {
      const cell = at++ % cells.length
      columns.player[i] = 1 + random.zipf(players)
      columns.x[i] = cell % side
      columns.y[i] = Math.floor(cell / side)
      columns.color[i] = random.unit() < NOISE_SHARE ? random.integer(colors) : (cells[cell] ?? 0)
    })
}

function placed(count: number, fill: (columns: Placed, i: number) => void): Placed {
  const columns = {
    count,
    player: new Uint32Array(count),
    x: new Uint16Array(count),
    y: new Uint16Array(count),
    color: new Uint8Array(count),
  }
  for (let i = 0; i < count; i++) fill(columns, i)
  return columns
}

/** `total` placements as records of `perRecord` each, one every `everyMs`. */
export function* placedRecords(
  crowd: Crowd,
  total: number,
  perRecord: number,
  startMs: number,
  everyMs: number,
): Iterable<NewRecord & { timeMs: number }> {
  let timeMs = startMs
  for (let left = total; left > 0; left -= perRecord) {
    const body = encodeBody({ type: RecordType.placed, body: crowd(Math.min(left, perRecord)) })
    yield { type: RecordType.placed, body, timeMs: Math.floor(timeMs) }
    timeMs += everyMs
  }
}
