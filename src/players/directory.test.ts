import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { coded } from '../../test/support/coded.ts'
import { MemoryStore, memoryKv } from '../../test/support/memory-kv.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { MemoryLog } from '../log/memory.ts'
import type { Log } from '../log/port.ts'
import type { Kv } from '../store/kv.ts'
import { MAX_KEY_LENGTH, MAX_TOKENS, PlayerDirectory } from './directory.ts'

async function openDirectory(t: TestContext, log: Log, kv: Kv = memoryKv()): Promise<PlayerDirectory> {
  const directory = await PlayerDirectory.open(log, kv)
  t.after(() => directory[Symbol.asyncDispose]())
  return directory
}

test('[P3] keys get numbers in the order of their joining, and keep them', async (t) => {
  const players = await openDirectory(t, new MemoryLog(systemClock))
  assert.deepEqual(await players.join(['c:a', 'c:b', 'c:a']), [1, 2, 1])
  assert.deepEqual(await Promise.all([players.join(['c:c']), players.join(['c:b', 'c:d'])]), [[3], [2, 4]])
  assert.equal(players.count, 4)
  assert.equal(players.find('c:d'), 4)
  assert.equal(players.find('c:e'), undefined)
  assert.equal(players.player(5), undefined)
  assert.deepEqual(
    { ...players.player(2), joinedMs: 0 },
    { number: 2, key: 'c:b', name: null, joinedMs: 0, tokens: 0 },
  )
})

test('[P3] those who join at once share a record, in whatever number', async (t) => {
  const log = new MemoryLog(systemClock)
  const players = await openDirectory(t, log)
  const keys = Array.from({ length: 25_000 }, (_, i) => `c:${i}`)
  const joined = await Promise.all([players.join(keys.slice(0, 15_000)), players.join(keys.slice(10_000))])
  assert.deepEqual(
    joined[0],
    keys.slice(0, 15_000).map((_, i) => i + 1),
  )
  assert.equal(joined[1]?.at(-1), 25_000)
  assert.equal(await log.head('players'), 3)
})

test('[P3] a key that is too long is nobody’s', async (t) => {
  const players = await openDirectory(t, new MemoryLog(systemClock))
  await assert.rejects(players.join(['x'.repeat(MAX_KEY_LENGTH + 1)]), coded('invalid'))
  assert.deepEqual(await players.join(['x'.repeat(MAX_KEY_LENGTH)]), [1])
})

test('[P8] two servers on one log number alike, whoever of them is asked', async (t) => {
  const log = new MemoryLog(systemClock)
  const [here, there] = [await openDirectory(t, log), await openDirectory(t, log)]
  const answers = await Promise.all([here.join(['c:a', 'c:b']), there.join(['c:b', 'c:a', 'c:c'])])
  const byKey = new Map([...(['c:a', 'c:b'] as const)].map((key, i) => [key, answers[0]?.[i]]))
  assert.equal(answers[1]?.[0], byKey.get('c:b'))
  assert.equal(answers[1]?.[1], byKey.get('c:a'))
  assert.equal((await here.join(['c:c']))[0], answers[1]?.[2])
  // Of two who take one name at two servers, one gets it, and both servers know who.
  const outcomes = await Promise.allSettled([here.rename(1, 'Ann'), there.rename(2, 'ann')])
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.equal(here.playerNamed('ANN'), outcomes[0]?.status === 'fulfilled' ? 1 : 2)
  await there.join(['c:d'])
  assert.equal(there.playerNamed('ANN'), here.playerNamed('ANN'))
})

test('[P8] whatever happened, a directory made anew from the log is the same', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('join' as const), keys: fc.array(fc.nat(6), { maxLength: 4 }) }),
    fc.record({
      do: fc.constant('rename' as const),
      player: fc.integer({ min: 1, max: 8 }),
      name: fc.constantFrom('Ann', 'ANN', 'Ben', 'C'),
    }),
    fc.record({
      do: fc.constant('issue' as const),
      player: fc.integer({ min: 1, max: 8 }),
      hash: fc.constantFrom('h1', 'h2', 'h3'),
    }),
    fc.record({ do: fc.constant('revoke' as const), hash: fc.constantFrom('h1', 'h2', 'h3') }),
    fc.record({ do: fc.constant('restart' as const) }),
  )
  const stateOf = (players: PlayerDirectory): unknown => ({
    count: players.count,
    players: Array.from({ length: 10 }, (_, i) => players.player(i)),
    numbers: Array.from({ length: 8 }, (_, i) => players.find(`c:${i}`)),
    names: ['Ann', 'Ben', 'C'].map((name) => players.playerNamed(name)),
    tokens: ['h1', 'h2', 'h3'].map((hash) => players.playerOfToken(hash)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const log = new MemoryLog(systemClock)
      const kv = memoryKv()
      let players = await PlayerDirectory.open(log, kv)
      for (const each of steps) {
        if (each.do === 'restart') {
          await players[Symbol.asyncDispose]()
          players = await PlayerDirectory.open(log, kv)
        } else if (each.do === 'join') await players.join(each.keys.map((key) => `c:${key}`))
        else if (each.do === 'revoke') await players.revokeToken(each.hash)
        else if (each.do === 'rename') await players.rename(each.player, each.name).catch(coded('conflict'))
        else await players.issueToken(each.player, each.hash, '').catch(coded('conflict'))
      }
      const anew = await PlayerDirectory.open(log, memoryKv())
      assert.deepEqual(stateOf(anew), stateOf(players))
      await players[Symbol.asyncDispose]()
      const again = await PlayerDirectory.open(log, kv)
      assert.deepEqual(stateOf(again), stateOf(anew))
      await Promise.all([anew[Symbol.asyncDispose](), again[Symbol.asyncDispose]()])
    }),
    { numRuns: 60 },
  )
})

test('[P4] a name is given up for another, and free then', async (t) => {
  const players = await openDirectory(t, new MemoryLog(systemClock))
  await players.join(['c:a', 'c:b'])
  await players.rename(1, '  Ann ')
  assert.equal(players.player(1)?.name, 'Ann')
  await assert.rejects(players.rename(2, 'a n n'), coded('conflict'))
  await players.rename(1, 'Anna')
  await players.rename(2, 'Ann')
  assert.deepEqual([players.playerNamed('anna'), players.playerNamed('ann')], [1, 2])
  await assert.rejects(players.rename(1, ''), coded('invalid'))
})

test('[P5] a token names its player until it is revoked; a player has a limited number', async (t) => {
  const players = await openDirectory(t, new MemoryLog(systemClock))
  await players.join(['c:a', 'c:b'])
  for (let i = 0; i < MAX_TOKENS; i++) await players.issueToken(1, `h${i}`, 'bot')
  await assert.rejects(players.issueToken(1, 'one more', 'bot'), coded('conflict'))
  assert.equal(players.playerOfToken('one more'), undefined)
  await players.issueToken(2, 'hers', 'bot')
  assert.deepEqual([players.playerOfToken('h5'), players.playerOfToken('hers')], [1, 2])
  await players.revokeToken('h5')
  await players.revokeToken('h5')
  await players.revokeToken('nobody’s')
  assert.equal(players.playerOfToken('h5'), undefined)
  await players.issueToken(1, 'one more', 'bot')
  await assert.rejects(players.issueToken(1, 'and another', 'bot'), coded('conflict'))
})

test('[P8] a record of a later release stops the directory, which goes on telling what it knows', async (t) => {
  const log = new MemoryLog(systemClock)
  const players = await openDirectory(t, log)
  await players.join(['c:a'])
  await log.append('players', [{ type: 99, body: Buffer.of(1) }])
  await assert.rejects(players.join(['c:b']), coded('newer-version'))
  assert.equal(players.stopped?.code, 'newer-version')
  assert.deepEqual(await players.join(['c:a']), [1])
  await assert.rejects(PlayerDirectory.open(log, memoryKv()), coded('newer-version'))
})

test('[P8] what could not be stored is found in the log again', async (t) => {
  const log = new MemoryLog(systemClock)
  const store = new MemoryStore()
  const kv = store.asKv()
  const players = await PlayerDirectory.open(log, kv)
  await players.join(['c:a'])
  store.failure = new SpateError('storage-full', 'full')
  const joined = players.join(['c:b'])
  await joined.catch(coded('storage-full'))
  await players[Symbol.asyncDispose]()
  store.failure = undefined
  const again = await openDirectory(t, log, kv)
  assert.deepEqual(await again.join(['c:a', 'c:b', 'c:c']), [1, 2, 3])
})
