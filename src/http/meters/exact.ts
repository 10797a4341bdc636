import { isUtf8 } from 'node:buffer'
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

const BEGIN = /["\-\d]/g
const NUMBER = /[-+.\deE]+/y
const WHOLE = /^-?\d{1,16}$/

/** @param json valid JSON. Errors: `invalid` for a number that is not whole, or not exact as a double. */
export function checkNumbers(json: string): void {
  BEGIN.lastIndex = 0
  for (let begin = BEGIN.exec(json); begin !== null; begin = BEGIN.exec(json)) {
    if (begin[0] === '"') {
      BEGIN.lastIndex = endOfString(json, begin.index)
      continue
    }
    NUMBER.lastIndex = begin.index
    const [number = ''] = NUMBER.exec(json) ?? []
    BEGIN.lastIndex = NUMBER.lastIndex
    if (WHOLE.test(number) && Number.isSafeInteger(Number(number))) continue
    throw new SpateError(
      'invalid',
      `body: ${number.slice(0, 40)} is no whole number of at most 2^53 − 1; beyond, integers are strings`,
    )
  }
}

/** Past the quote that no backslash escapes. An expression that finds it runs out of stack in a long string. */
function endOfString(json: string, begin: number): number {
  for (let quote = json.indexOf('"', begin + 1); ; quote = json.indexOf('"', quote + 1)) {
    let before = quote - 1
    while (json[before] === '\\') before -= 1
    if ((quote - before) % 2 === 1) return quote + 1
  }
}

/** The bodies of a scope are JSON in UTF-8 with whole numbers that are exact. */
export function takeExactJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    // Read all the same, several names would be one.
    if (!isUtf8(bytes)) return done(new SpateError('invalid', 'body: no UTF-8'), undefined)
    const json = bytes.toString()
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
