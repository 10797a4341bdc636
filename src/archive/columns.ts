/** Columns of placements in the form that comes out shortest: each is tried, and its number comes before its parts. */
import { setImmediate } from 'node:timers/promises'
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

/** Blocks that keep a form before all are tried again: what a crowd does changes slowly. */
const KEPT_FOR_BLOCKS = 8

/** Which form a column had in the blocks before. */
export class Choice {
  #form: number | undefined
  #left = 0

  /** Undefined: all are to be tried. */
  get tried(): number | undefined {
    return this.#left > 0 ? this.#form : undefined
  }

  chose(form: number | undefined): void {
    if (this.#left > 0 && form === this.#form) this.#left -= 1
    else {
      this.#form = form
      this.#left = form === undefined ? 0 : KEPT_FOR_BLOCKS - 1
    }
  }

  /** The next block begins anew. */
  forget(): void {
    this.#left = 0
  }
}

/** One form of a column. */
interface Candidate {
  readonly head: readonly number[]
  readonly parts: readonly Uint8Array[]
}

export function playersPart(player: Uint32Array, forms: Choice): Promise<Uint8Array> {
  return shortest(forms, [
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

export function cellsPart(x: Uint16Array, y: Uint16Array, forms: Choice, tiler: Tiler): Promise<Uint8Array> {
  const both = (a: Uint16Array, b: Uint16Array): Uint8Array[] => [...planesOf(a), ...planesOf(b)]
  return shortest(forms, [
    () => ({ head: [CellForm.planes], parts: both(x, y) }),
    () => ({ head: [CellForm.steps], parts: both(stepsOf(x), stepsOf(y)) }),
    async () => {
      const split = tiler.split(x, y)
      if (split === undefined) return undefined
      await setImmediate()
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

/** Works in pieces of a millisecond or two, for others share the thread. */
async function shortest(
  forms: Choice,
  candidates: readonly (() => Candidate | undefined | Promise<Candidate | undefined>)[],
): Promise<Uint8Array> {
  const { tried } = forms
  let best: { bytes: Uint8Array; at: number } | undefined
  for (const at of tried === undefined ? candidates.keys() : [tried]) {
    const candidate = await candidates[at]?.()
    if (candidate === undefined) continue
    await setImmediate()
    const stored: Uint8Array[] = [Uint8Array.from(candidate.head)]
    // One after the other: sealing takes one core, no more.
    for (const raw of candidate.parts) stored.push(await partOf(raw))
    const bytes = Buffer.concat(stored)
    if (best === undefined || bytes.length < best.bytes.length) best = { bytes, at }
  }
  forms.chose(best?.at)
  // The form of the last block may not be one for this.
  return best?.bytes ?? shortest(forms, candidates)
}

function unknown(form: number): SpateError {
  return new SpateError('newer-version', `this release does not know form ${form} of a column: upgrade Spate`)
}
