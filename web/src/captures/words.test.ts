import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesWords, causeWords, lengthWords, momentWords, shareWords, spanWords } from './words.ts'

test('[K55] a share with a hole never reads as all', () => {
  assert.deepEqual([1, 0.999999, 0.99987, 0].map(shareWords), ['100 %', '99.99 %', '99.98 %', '0.00 %'])
})

test('lengths, moments and sizes are told in few words', () => {
  assert.deepEqual([0, 340, 4200, 59_999, 185_000, 7_800_000, 273_600_000].map(lengthWords), [
    '0 ms',
    '340 ms',
    '4.2 s',
    '60 s',
    '3 min 5 s',
    '2 h 10 min',
    '3 days 4 h',
  ])
  assert.equal(momentWords(1_648_824_403_940), '2022-04-01 14:46:43.940')
  const span = { fromMs: 1_648_824_403_940, toMs: 1_648_824_409_000 }
  assert.equal(spanWords(span), '2022-04-01 14:46:43 to 2022-04-01 14:46:49 UTC')
  assert.equal(
    spanWords({ ...span, toMs: span.toMs + 3_600_000 }),
    '2022-04-01 14:46 to 2022-04-01 15:46 UTC',
  )
  assert.deepEqual([0, 999, 1500, 123_456_789].map(bytesWords), ['0 B', '999 B', '1.5 kB', '123 MB'])
})

test('causes that a later server names are shown as they are', () => {
  assert.equal(causeWords(['missing', 'eclipse']), 'a frame was gone (404), eclipse')
})
