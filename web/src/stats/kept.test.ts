import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptOf } from './kept.ts'

const at = (text: string): number => Date.parse(text) / 1000
const span = (from: string, end: string) => ({ from: at(from), to: at(end) - 1 })

test('[W7] where not everything is kept, the periods that are kept are shown up to the end', () => {
  const shown = span('2026-01-10T23:00Z', '2026-03-05T10:30Z')
  assert.deepEqual(keptOf(span('2026-01-11T00:00Z', '2026-01-12T00:00Z'), shown), {
    span: span('2026-01-11T00:00Z', '2026-03-05T00:00Z'),
    unit: 'day',
  })
  assert.deepEqual(keptOf(span('2026-01-10T23:00Z', '2026-01-11T02:00Z'), shown), {
    span: span('2026-01-10T23:00Z', '2026-03-05T10:00Z'),
    unit: 'hour',
  })
  assert.equal(keptOf(span('2026-01-10T23:00Z', '2026-01-10T23:05Z'), shown).unit, 'minute')
  assert.equal(keptOf({ from: shown.from, to: shown.from }, shown).unit, 'second')
})

test('[W7] of whole months or years not more than those is shown', () => {
  const shown = span('2024-01-01T00:00Z', '2026-03-05T10:30Z')
  const month = span('2025-02-01T00:00Z', '2025-03-01T00:00Z')
  assert.deepEqual(keptOf(month, shown), { span: month, unit: 'month' })
  const year = span('2025-01-01T00:00Z', '2026-01-01T00:00Z')
  assert.deepEqual(keptOf(year, shown), { span: year, unit: 'year' })
})

test('[W7] never less than the nearest span that is exact', () => {
  const nearest = span('2026-01-11T00:00Z', '2026-01-12T00:00Z')
  assert.deepEqual(keptOf(nearest, span('2026-01-11T05:00Z', '2026-01-11T06:00Z')).span, nearest)
})
