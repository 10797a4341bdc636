/** What V8 tells a reviver besides: how a value was written. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

const WHOLE = /^-?\d+$/

/**
 * The value of JSON in which a number that is not a whole one of at most 2^53 − 1 is the text that stands there, so
 * that none is rounded. Errors: `SyntaxError`.
 */
export function parseExactly(json: string): unknown {
  const revive: Reviver = (_key, value, { source = '' }) =>
    typeof value === 'number' && !(Number.isSafeInteger(value) && WHOLE.test(source)) ? source : value
  // The library's types know no third parameter yet.
  return JSON.parse(json, revive as Parameters<typeof JSON.parse>[1])
}
