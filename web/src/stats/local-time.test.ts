import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Temporal } from '@js-temporal/polyfill'
import fc from 'fast-check'
import { fieldOf, isZone, localOf, offsetAt, offsetsAt, secondOf, secondOfField } from './local-time.ts'

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
]
const zone = fc.constantFrom(...ZONES)
const second = fc.integer({ min: 0, max: 2_000_000_000 })

test('what the clocks of a zone show is what they show', () => {
  assert.equal(fieldOf('Europe/Berlin', Date.UTC(2026, 2, 29, 0, 59, 59) / 1000), '2026-03-29T01:59:59')
  assert.equal(fieldOf('Europe/Berlin', Date.UTC(2026, 2, 29, 1) / 1000), '2026-03-29T03:00:00')
  assert.equal(offsetAt('Asia/Kolkata', 0), 5.5 * 3600)
  assert.ok(isZone('Pacific/Apia'))
  assert.ok(!isZone('Europe/Atlantis'))
})

test('a local time is the second that the calendar of the standard says, also where clocks change', () => {
  fc.assert(
    fc.property(zone, second, fc.integer({ min: -3, max: 3 }), (zone, near, hours) => {
      // Around changes of the clock, where it is hardest.
      const change = Temporal.Instant.fromEpochMilliseconds(near * 1000)
        .toZonedDateTimeISO(zone)
        .getTimeZoneTransition('next')
      const at = change === null ? near : Math.floor(change.epochMilliseconds / 1000) + hours * 1200
      const local = localOf(zone, at)
      const expected = Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds / 1000
      assert.equal(secondOf(zone, local), expected)
      const leftOut = { ...localOf('UTC', at + offsetAt(zone, at - 7200)) }
      assert.equal(
        secondOf(zone, leftOut),
        Temporal.PlainDateTime.from(leftOut).toZonedDateTime(zone).epochMilliseconds / 1000,
      )
    }),
  )
})

test('a field gives back the second it was made of, but for an hour that comes twice', () => {
  fc.assert(
    fc.property(zone, second, (zone, second) => {
      const back = secondOfField(zone, fieldOf(zone, second))
      assert.ok(back !== undefined)
      assert.equal(fieldOf(zone, back), fieldOf(zone, second))
    }),
  )
  assert.equal(secondOfField('UTC', '2026-01-01T00:00'), Date.UTC(2026, 0, 1) / 1000)
  assert.equal(secondOfField('UTC', ''), undefined)
  assert.equal(secondOfField('UTC', 'yesterday'), undefined)
})

test('offsets at many seconds are those at each', () => {
  const step = fc.constantFrom(60, 3600, 86_400, 604_800, 2_629_746)
  const zones = fc.constantFrom(...ZONES, 'Africa/Casablanca', 'America/Argentina/Buenos_Aires')
  fc.assert(
    fc.property(zones, second, step, fc.integer({ min: 0, max: 400 }), (zone, from, step, count) => {
      const seconds = Array.from({ length: count }, (_, i) => from + i * step)
      assert.deepEqual(
        offsetsAt(zone, seconds),
        seconds.map((second) => offsetAt(zone, second)),
      )
    }),
  )
})
