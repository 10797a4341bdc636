import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Temporal } from '@js-temporal/polyfill'
import fc from 'fast-check'
import { intlClock, temporalClock, temporalOf } from './local-clock.ts'

const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', '+05:30']
const LAST = 2 ** 32 - 2

test('[W8] newer browsers and older ones show the same clocks', () => {
  const [newer, older] = [temporalClock(Temporal), intlClock()]
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), fc.integer({ min: 0, max: LAST }), (zone, second) => {
      assert.deepEqual(newer(zone, second), older(zone, second))
    }),
    { numRuns: 2_000 },
  )
})

test('[W1] what is no time zone is none, in newer browsers and in older ones', () => {
  for (const clock of [temporalClock(Temporal), intlClock()]) {
    for (const zone of ['', 'Nowhere/Land', '2026-01-01T00:00Z', '20260101T0000Z', 'UTC[UTC]', ' UTC']) {
      assert.throws(() => clock(zone, 0), RangeError, zone)
    }
  }
})

test('a browser has Temporal or has not', () => {
  assert.equal(temporalOf({ Temporal }), Temporal)
  assert.equal(temporalOf({}), undefined)
})
