import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Point } from './answers.ts'
import { firstSecond } from './first.ts'

const at = (text: string): number => Date.parse(text) / 1000

test('the first minute is found by year, day and minute', async () => {
  const asked: string[] = []
  const answers: Record<string, Point[]> = {
    year: [
      { from: 0, to: at('2026-01-01T00:00Z') - 1, sum: 0 },
      { from: at('2026-01-01T00:00Z'), to: at('2027-01-01T00:00Z') - 1, sum: '9007199254740993' },
    ],
    day: [{ from: at('2026-03-02T00:00Z'), to: at('2026-03-03T00:00Z') - 1, sum: -1 }],
    minute: [{ from: at('2026-03-02T10:11Z'), to: at('2026-03-02T10:12Z') - 1, sum: -1 }],
  }
  const first = await firstSecond(async (unit, from, to) => {
    asked.push(`${unit} ${from} ${to}`)
    return { from, to: to ?? 0, points: answers[unit] ?? [] }
  })
  assert.equal(first, at('2026-03-02T10:11Z'))
  assert.deepEqual(asked, ['year 0 undefined', 'day 1767225600 1798761599', 'minute 1772409600 1772495999'])
})

test('where there is nothing, there is no first; what cancels itself out is found as closely as it shows', async () => {
  const part = (sum: number): Point => ({ from: 86_400, to: 2 * 86_400 - 1, sum })
  const empty = async (_unit: string, from: number) => ({ from, to: from, points: [part(0)] })
  assert.equal(await firstSecond(empty), undefined)
  const cancelling = async (unit: string, from: number) => ({
    from,
    to: from,
    points: [part(unit === 'year' ? 1 : 0)],
  })
  assert.equal(await firstSecond(cancelling), 86_400)
})
