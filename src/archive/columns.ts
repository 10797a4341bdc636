/** Columns of placements in the form that comes out shortest: each is tried, and its number comes before its parts. */
import { SpateError } from '../base/errors.ts'
import { type PartReader, partOf } from './parts.ts'
import {
  bucketsOf,
  fromBuckets,
  fromPlanes,
  fromSteps,
  fromTiles,
  planesOf,
  stepsOf,
  type Tiler,
} from './transforms.ts'

const PlayerForm = { planes: 0, buckets: 1 } as const
const CellForm = { planes: 0, steps: 1, tiles: 2 } as const

/** One form of a column. */
interface Candidate {
  readonly head: readonly number[]
  readonly parts: readonly Uint8Array[]
}

export async function playersPart(player: Uint32Array): Promise<Uint8Array> {
  return shortest([
    () => ({ head: [PlayerForm.planes], parts: planesOf(player) }),
    () => {
      const { symbols, bits, m } = bucketsOf(player)
      return { head: [PlayerForm.buckets, m], parts: [symbols, bits] }
    },
  ])
}

export function readPlayers(reader: PartReader, player: Uint32Array): void {
  const form = reader.u8()
  const next = (bytes = player.length): Uint8Array => reader.next(bytes)
  if (form === PlayerForm.planes) fromPlanes([next(), next(), next(), next()], player)
  else if (form === PlayerForm.buckets) {
    const m = reader.u8()
    fromBuckets(next(), next(player.length * 4), m, player)
  } else throw unknown(form)
}

export async function cellsPart(x: Uint16Array, y: Uint16Array, tiler: Tiler): Promise<Uint8Array> {
  const both = (a: Uint16Array, b: Uint16Array): Uint8Array[] => [...planesOf(a), ...planesOf(b)]
  return shortest([
    () => ({ head: [CellForm.planes], parts: both(x, y) }),
    () => ({ head: [CellForm.steps], parts: both(stepsOf(x), stepsOf(y)) }),
    () => {
      const split = tiler.split(x, y)
      if (split === undefined) return undefined
      const { symbols, bits, m } = bucketsOf(split.ranks)
      const parts = [...planesOf(split.tiles).slice(0, 3), symbols, bits, split.x, split.y]
      return { head: [CellForm.tiles, m], parts }
    },
  ])
}

export function readCells(reader: PartReader, x: Uint16Array, y: Uint16Array): void {
  const form = reader.u8()
  const count = x.length
  const next = (bytes = count): Uint8Array => reader.next(bytes)
  switch (form) {
    case CellForm.planes:
      fromPlanes([next(), next()], x)
      fromPlanes([next(), next()], y)
      return
    case CellForm.steps:
      for (const column of [x, y]) {
        fromPlanes([next(), next()], column)
        fromSteps(column)
      }
      return
    case CellForm.tiles: {
      const m = reader.u8()
      const planes = [next(), next(), next()]
      const tiles = new Uint32Array(planes[0]?.length ?? 0)
      fromPlanes(planes, tiles)
      const ranks = new Uint32Array(count)
      fromBuckets(next(), next(count * 4), m, ranks)
      fromTiles({ tiles, ranks, x: next(), y: next() }, x, y)
      return
    }
    default:
      throw unknown(form)
  }
}

/** @param candidates made one after the other, so that none holds the thread for long */
async function shortest(candidates: readonly (() => Candidate | undefined)[]): Promise<Uint8Array> {
  let best: Uint8Array | undefined
  for (const make of candidates) {
    const candidate = make()
    if (candidate === undefined) continue
    const stored: Uint8Array[] = [Uint8Array.from(candidate.head)]
    // One part after the other: sealing may take one core, no more.
    for (const raw of candidate.parts) stored.push(await partOf(raw))
    const bytes = Buffer.concat(stored)
    if (best === undefined || bytes.length < best.length) best = bytes
  }
  return best ?? new Uint8Array(0)
}

function unknown(form: number): SpateError {
  return new SpateError('newer-version', `this release does not know form ${form} of a column: upgrade Spate`)
}
