import fc from 'fast-check'

type Mutation = (bytes: Uint8Array) => Uint8Array

const at = fc.nat(0xffff)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  at.map(
    (i): Mutation =>
      (bytes) =>
        bytes.subarray(0, i % (bytes.length + 1)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map(
    (more): Mutation =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
  fc.tuple(at, fc.nat(255)).map(
    ([i, value]): Mutation =>
      (bytes) =>
        overwritten(bytes, i, Uint8Array.of(value)),
  ),
  // Lengths and counts that promise too much.
  fc.tuple(at, fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff)).map(
    ([i, value]): Mutation =>
      (bytes) =>
        overwritten(bytes, i, new Uint8Array(Uint32Array.of(value).buffer)),
  ),
  fc.tuple(at, at).map(
    ([i, j]): Mutation =>
      (bytes) => {
        const from = i % (bytes.length + 1)
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(j % (bytes.length + 1))])
      },
  ),
)

function overwritten(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  if (bytes.length < value.length) return bytes
  // Not slice, which in a Buffer is a view.
  const copy = Uint8Array.from(bytes)
  copy.set(value, at % (bytes.length - value.length + 1))
  return copy
}

/** Bytes at random, and bytes that were right until something happened to them. */
export function damaged(right: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .tuple(fc.constantFrom(...right), fc.array(mutation, { minLength: 1, maxLength: 3 }))
      .map(([bytes, mutations]) => mutations.reduce((damage, mutate) => mutate(damage), bytes)),
  )
}
