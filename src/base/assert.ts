/** Throws when a condition that only a bug can break does not hold. For bad input use {@link SpateError}. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** Makes a switch over a union exhaustive: fails to compile when a member is missing. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected value ${JSON.stringify(value)}`)
}
