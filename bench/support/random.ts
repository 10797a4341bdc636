/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, filled from the seed by
 * splitmix32 so that near seeds give far streams. The same seed gives the same stream on every machine.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    let state = seed | 0
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    for (let i = 0; i < 12; i++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** In [0, 1). */
  unit(): number {
    return this.u32() / 2 ** 32
  }

  /** In [0, below). */
  integer(below: number): number {
    return Math.floor(this.unit() * below)
  }

  /** Near enough to a normal distribution of mean 0 and deviation 1: twelve uniform bytes, less their mean. */
  normal(): number {
    let sum = 0
    for (let i = 0; i < 3; i++) {
      const bits = this.u32()
      sum += (bits & 0xff) + ((bits >>> 8) & 0xff) + ((bits >>> 16) & 0xff) + (bits >>> 24)
    }
    return sum / 256 - 6
  }

  /** In [0, count), rank k with a chance proportional to 1 / (k + 1) (Zipf's law with exponent 1, continuous). */
  zipf(count: number): number {
    return Math.min(count - 1, Math.floor((count + 1) ** this.unit()) - 1)
  }
}
