/**
 * Repeatable randomness for simulations and load: the same seed is the same sequence on every machine. Not
 * for secrets.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, a period of at least 2³².
 * Its state is filled by splitmix64 (Sebastiano Vigna), which is a bijection of 64-bit seeds, so different
 * seeds, however large or near each other, are different sequences.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any safe integer */
  constructor(seed: number) {
    const [first, second] = splitmix64(BigInt(seed), 2)
    this.#a = Number(first & 0xffffffffn)
    this.#b = Number(first >> 32n)
    this.#c = Number((second ^ (second >> 32n)) & 0xffffffffn)
    for (let i = 0; i < 15; i++) this.u32()
  }

  /** 0 to 2³² − 1. */
  u32(): number {
    const result = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) >>> 0
    return result
  }

  /** In [0, 1), with 53 bits. */
  readonly next = (): number => {
    const high = this.u32() >>> 5
    const low = this.u32() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** A whole number from 0 to `count` − 1. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  /** Exponentially distributed: the wait for the next of events that come `perSecond` on average, ms. */
  waitMs(perSecond: number): number {
    return (-Math.log(1 - this.next()) * 1000) / perSecond
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    // A list of one or more has an item at each index below its length.
    return items[this.below(items.length)] as T
  }

  /** A sequence of its own, so that what one part draws does not move another's. */
  fork(): Random {
    return new Random(this.u32() * 2 ** 21 + (this.u32() >>> 11))
  }
}

/** The first outputs for a seed, of which the low 64 bits count. */
export function splitmix64(seed: bigint, count: 2): [bigint, bigint]
export function splitmix64(seed: bigint, count: number): bigint[]
export function splitmix64(seed: bigint, count: number): bigint[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let z = state
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    return z ^ (z >> 31n)
  })
}
