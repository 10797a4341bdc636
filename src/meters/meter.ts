import type { Declaration } from './declaration.ts'
import { advanced, type Horizons, NOTHING_EXPIRED } from './retention.ts'

/** One meter as the fold knows it. */
export interface Meter {
  readonly number: number
  declaration: Declaration
  /** By level, as of the latest record. */
  horizons: Horizons
  /** Rows that have been given numbers, from 1 on. */
  entities: number
  series: number
  /** Values that have been given numbers, by dimension. */
  values: number[]
  /** All amounts it ever took, signs left out: no sum can be further from 0. */
  gross: bigint
  /** Of these, what totals moved. */
  moved: bigint
}

export function newMeter(number: number, declaration: Declaration): Meter {
  const values = declaration.dimensions.map(() => 0)
  return {
    number,
    declaration,
    horizons: NOTHING_EXPIRED,
    entities: 0,
    series: 0,
    values,
    gross: 0n,
    moved: 0n,
  }
}

export function encodeMeter(meter: Meter): Uint8Array {
  const { gross, moved } = meter
  return Buffer.from(JSON.stringify({ ...meter, gross: gross.toString(), moved: moved.toString() }))
}

export function decodeMeter(bytes: Uint8Array): Meter {
  // Our own bytes, written by encodeMeter.
  const stored = JSON.parse(Buffer.from(bytes).toString()) as Omit<Meter, 'gross' | 'moved'> & {
    gross: string
    moved: string
  }
  return { ...stored, gross: BigInt(stored.gross), moved: BigInt(stored.moved) }
}

/** Lets what the meter does not keep until `timeMs` expire; whether anything does. */
export function expire(meter: Meter, timeMs: number): boolean {
  const { retention } = meter.declaration
  if (retention.every((kept) => kept === null)) return false
  const horizons = advanced(meter.horizons, retention, Math.floor(timeMs / 1000))
  const isLater = horizons.some((horizon, level) => horizon > (meter.horizons[level] ?? 0))
  if (isLater) meter.horizons = horizons
  return isLater
}
