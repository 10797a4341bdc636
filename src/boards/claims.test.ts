import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Position, positionOf } from '../log/port.ts'
import { Claims } from './claims.ts'

const [P1, P2, P3] = [positionOf(1), positionOf(2), positionOf(3)]

/** What is there already: a verdict that got lost fails the test instead of hanging it. */
function at<T>(promise: Promise<T>): Promise<T> {
  return Promise.race([promise, setImmediate().then(() => assert.fail('no verdict'))])
}

/** An append that is answered when it is let go. */
function gated(): { append: () => Promise<Position[]>; answer: (...positions: Position[]) => void } {
  const gate = Promise.withResolvers<Position[]>()
  return { append: () => gate.promise, answer: (...positions) => gate.resolve(positions) }
}

test('[B12] verdicts reach their append, whichever end comes first', async () => {
  const claims = new Claims()
  const { append, answer } = gated()
  const appended = claims.during(append)
  claims.judged(P1, Uint8Array.of(7))
  answer(P1, P2)
  assert.deepEqual(await appended, [P1, P2])
  claims.judged(P2, Uint8Array.of(8))
  assert.deepEqual(await at(Promise.all([claims.take(P1), claims.take(P2)])), [
    Uint8Array.of(7),
    Uint8Array.of(8),
  ])
  await claims.during(async () => [P3])
  const taken = claims.take(P3)
  claims.judged(P3, Uint8Array.of(9))
  assert.deepEqual(await at(taken), Uint8Array.of(9))
})

test('[B12] verdicts are copied: the fold reuses its memory', async () => {
  const claims = new Claims()
  const reused = Uint8Array.of(1)
  await claims.during(async () => {
    claims.judged(P1, reused)
    return [P1, P2]
  })
  claims.judged(P2, reused)
  reused[0] = 99
  assert.deepEqual(await at(claims.take(P1)), Uint8Array.of(1))
  assert.deepEqual(await at(claims.take(P2)), Uint8Array.of(1))
})

test('[B12] verdicts come in any number before their append is answered', async () => {
  const claims = new Claims()
  const { append, answer } = gated()
  const appended = claims.during(append)
  const positions = Array.from({ length: 5000 }, (_, i) => positionOf(i + 1))
  for (const position of positions) claims.judged(position, Uint8Array.of(position & 0xff))
  answer(...positions)
  for (const position of await appended) {
    assert.deepEqual(await at(claims.take(position)), Uint8Array.of(position & 0xff))
  }
})

test('[B12] an append that ends takes no verdict from one that is still under way', async () => {
  const claims = new Claims()
  const [first, second] = [gated(), gated()]
  const appended = [claims.during(first.append), claims.during(second.append)]
  claims.judged(P2, Uint8Array.of(8))
  first.answer(P1)
  await appended[0]
  second.answer(P2)
  await appended[1]
  assert.deepEqual(await at(claims.take(P2)), Uint8Array.of(8))
})

test('[B13] who waits, and who comes later, hears why no verdict will come', async () => {
  const claims = new Claims()
  await claims.during(async () => [P1, P2])
  const waiting = claims.take(P1)
  const why = new Error('stopped')
  claims.fail(why)
  await assert.rejects(at(waiting), why)
  await assert.rejects(at(claims.take(P2)), why)
  await claims.during(async () => [P3])
  await assert.rejects(at(claims.take(P3)), why)
})

test('[B21] an append that fails leaves no claim', async () => {
  const claims = new Claims()
  const full = new Error('full')
  await assert.rejects(
    claims.during(() => Promise.reject(full)),
    full,
  )
  assert.throws(() => void claims.take(P1), /only what was appended here/)
})
