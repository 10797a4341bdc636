/**
 * Which intents or cells of a record the fold did not apply, a bit each. Kept beside the log (only for
 * records that have any), they let history be read without judging again.
 */
export type Refusals = Uint8Array

/** Undefined when everything was applied. */
export function refusalsOf(verdicts: Uint8Array): Refusals | undefined {
  let bits: Uint8Array | undefined
  for (let i = 0; i < verdicts.length; i++) {
    if (verdicts[i] === 0) continue
    bits ??= new Uint8Array((verdicts.length + 7) >>> 3)
    bits[i >>> 3] = (bits[i >>> 3] ?? 0) | (1 << (i & 7))
  }
  return bits
}

export function isRefused(refusals: Refusals | undefined, i: number): boolean {
  return refusals !== undefined && ((refusals[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0
}
