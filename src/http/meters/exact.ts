import { SpateError } from '../../base/errors.ts'
import type { App } from '../app.ts'

/**
 * Integers of any size, exactly, in JSON and back: as numbers up to 2^53 − 1 either way, beyond as strings of digits.
 * A number in a request that other programs could not have read exactly is refused, as their writer may not have
 * written it exactly either.
 */

/** As an answer has it. */
export function exactly(sum: bigint): number | string {
  const number = Number(sum)
  return Number.isSafeInteger(number) ? number : sum.toString()
}

/** What a request means by a number or digits. */
export function amountOf(text: number | string): number | bigint {
  if (typeof text === 'number') return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** Strings are passed over whole. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[-+.\deE]*\d[-+.\deE]*/g
const WHOLE = /^-?\d{1,16}$/

/** @param json valid JSON. Errors: `invalid` for a number that is not whole, or not exact as a double. */
export function checkNumbers(json: string): void {
  for (const [token] of json.matchAll(TOKEN)) {
    if (token.startsWith('"')) continue
    if (WHOLE.test(token) && Number.isSafeInteger(Number(token))) continue
    throw new SpateError(
      'invalid',
      `body: ${token.slice(0, 40)} is no whole number of at most 2^53 − 1; beyond, integers are strings`,
    )
  }
}

/** The bodies of a scope are JSON with whole numbers that are exact. */
export function takeExactJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    const json = text.toString()
    parse(request, json, (error, body) => {
      if (error !== null) return done(error, undefined)
      try {
        checkNumbers(json)
      } catch (wrong) {
        return done(wrong as Error, undefined)
      }
      done(null, body)
    })
  })
}
