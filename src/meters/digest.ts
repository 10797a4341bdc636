import { createHash } from 'node:crypto'
import type { Position } from '../log/port.ts'
import type { Address } from './address.ts'

const LANES = 4

/**
 * SHA-256 of each entry, added up modulo 2^64 in four lanes: the same for the same entries, in whatever order a
 * store holds them.
 */
export class Digest {
  readonly #lanes = new BigUint64Array(LANES)

  constructor(position: Position, timeMs: number) {
    this.#add(['meta', position, timeMs], new Uint8Array(0))
  }

  addFact(key: string, value: Uint8Array, untilMs: number | undefined): void {
    this.#add(['fact', key, untilMs ?? null], value)
  }

  addSum({ sheet, kind, index, at }: Address, value: Uint8Array): void {
    this.#add(['sum', sheet, kind, index, at], value)
  }

  #add(name: readonly (string | number | null)[], value: Uint8Array): void {
    const hash = createHash('sha256').update(JSON.stringify(name)).update(value).digest()
    for (let lane = 0; lane < LANES; lane++) {
      this.#lanes[lane] = (this.#lanes[lane] ?? 0n) + hash.readBigUInt64LE(lane * 8)
    }
  }

  get value(): string {
    return Buffer.from(this.#lanes.buffer).toString('hex')
  }
}
