import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Asked, askedOf, MOST_VERSUS, NOTHING_ASKED, PLACES, searchOf } from './asked.ts'
import { QUICK } from './spans.ts'
import { UNITS } from './units.ts'

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
const span = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 2 ** 30 }))
  .map(([from, length]) => ({ from, to: from + length }))
const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const asked: fc.Arbitrary<Asked> = fc.record(
  {
    measure: maybe(fc.constantFrom('cells', 'streaks')),
    shown: fc.oneof(fc.constantFrom(...QUICK), span),
    span: maybe(span),
    unit: maybe(fc.constantFrom(...UNITS)),
    zone: maybe(fc.constantFrom('UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires')),
    who: maybe(fc.string({ unit: 'grapheme' })),
    versus: fc.uniqueArray(text, { maxLength: MOST_VERSUS }),
    earlier: maybe(fc.oneof(fc.constant('before' as const), span)),
    dimension: maybe(text),
    places: fc.constantFrom(...PLACES),
    where: fc.dictionary(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,9}$/), text, { noNullPrototype: true }),
  },
  { noNullPrototype: true },
)

test('[W1] what is looked at comes back whole from its own address', () => {
  fc.assert(
    fc.property(asked, (asked) => {
      assert.deepEqual(askedOf(searchOf(asked)), asked)
      assert.equal(searchOf(askedOf(searchOf(asked))), searchOf(asked))
    }),
  )
})

test('[W1] an address that asks for nothing shows all there is, in the own time zone', () => {
  assert.deepEqual(askedOf(''), NOTHING_ASKED)
  assert.equal(searchOf(NOTHING_ASKED), '')
})

test('[W1] what makes no sense in an address is as if it were not there', () => {
  const search = '?show=fortnight&span=9-3&by=eon&zone=Europe/Atlantis&earlier=-5&versus=&measure=&from=x'
  assert.deepEqual(askedOf(search), NOTHING_ASKED)
  assert.equal(askedOf('?span=0-99999999999').span, undefined)
  assert.equal(askedOf('?who=').who, '')
  assert.deepEqual(askedOf('?versus=a&versus=a&versus=b').versus, ['a', 'b'])
})
