import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { END_OF_TIME_MS, NO_TIME, readTime } from './time.ts'

const read = (text: string) => readTime(Buffer.from(`<${text}>`), 1, 1 + Buffer.byteLength(text))
const spelled = (timeMs: number) => new Date(timeMs).toISOString().replace('T', ' ').replace('Z', ' UTC')

const good: readonly (readonly [string, number])[] = [
  ['2022-04-03 17:38:22.252 UTC', 1_649_007_502_252],
  ['2022-04-03 17:38:22.25 UTC', 1_649_007_502_250],
  ['2022-04-03 17:38:22.2 UTC', 1_649_007_502_200],
  ['2022-04-03 17:38:22 UTC', 1_649_007_502_000],
  ['2022-04-03 17:38:22.007 UTC', 1_649_007_502_007],
  ['2022-04-03 17:38:22.252999 UTC', 1_649_007_502_252],
  ['2022-04-03 17:38:22.252999999 UTC', 1_649_007_502_252],
  ['2017-03-31 00:00:00.000 UTC', 1_490_918_400_000],
  ['2024-02-29 23:59:59.999 UTC', 1_709_251_199_999],
  ['1970-01-01 00:00:00 UTC', 0],
  ['1490918746000', 1_490_918_746_000],
  ['0', 0],
  ['253402300799999', END_OF_TIME_MS - 1],
]
for (const [text, timeMs] of good) test(`[I6] ${text} is ${timeMs}`, () => assert.equal(read(text), timeMs))

const bad = [
  '',
  ' ',
  '-1',
  '1e12',
  '1490918746000.5',
  '253402300800000',
  '9999999999999999',
  '2022-02-29 00:00:00 UTC',
  '2022-04-31 00:00:00 UTC',
  '2022-00-10 00:00:00 UTC',
  '2022-13-10 00:00:00 UTC',
  '2022-04-00 00:00:00 UTC',
  '1969-12-31 23:59:59 UTC',
  '2022-04-03 24:00:00 UTC',
  '2022-04-03 17:60:00 UTC',
  '2022-04-03 17:38:60 UTC',
  '2022-04-03 17:38:22. UTC',
  '2022-04-03 17:38:22.2523999999 UTC',
  '2022-04-03 17:38:22.2x UTC',
  '2022-04-03 17:38:22',
  '2022-04-03 17:38:22 CET',
  '2022-04-03T17:38:22 UTC',
  '2022-04-03 7:38:22.1 UTC',
  '2O22-04-03 17:38:22 UTC',
  '2022/04/03 17:38:22 UTC',
  'timestamp',
]
for (const text of bad) test(`[I6] "${text}" is no time`, () => assert.equal(read(text), NO_TIME))

test('[I6] either spelling of every millisecond is read as that millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: END_OF_TIME_MS - 1 }), (timeMs) => {
      assert.equal(read(spelled(timeMs)), timeMs)
      assert.equal(read(String(timeMs)), timeMs)
    }),
    { numRuns: 2000 },
  )
})

test('[I6] what is read as a time is one that the calendar has', () => {
  const digits = (max: number, width: number) =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(width, '0'))
  const parts = fc.tuple(
    digits(9999, 4),
    digits(14, 2),
    digits(33, 2),
    digits(25, 2),
    digits(61, 2),
    digits(61, 2),
  )
  fc.assert(
    fc.property(parts, ([year, month, day, hour, minute, second]) => {
      const text = `${year}-${month}-${day} ${hour}:${minute}:${second}.000 UTC`
      const timeMs = read(text)
      if (timeMs !== NO_TIME) assert.equal(spelled(timeMs), text)
      else assert.ok(Number(year) < 1970 || !isInCalendar(text))
    }),
    { numRuns: 3000 },
  )
})

function isInCalendar(text: string): boolean {
  const timeMs = Date.parse(text.replace(' ', 'T').replace(' UTC', 'Z'))
  return !Number.isNaN(timeMs) && spelled(timeMs) === text
}
