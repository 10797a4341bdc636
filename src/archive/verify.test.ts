import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { folderObjects } from '../../test/support/archive.ts'
import { ManualClock } from '../../test/support/clock.ts'
import type { Lifetime } from '../../test/support/tmp.ts'
import { MemoryLog } from '../log/memory.ts'
import type { ObjectStore } from '../store/objects/port.ts'
import { decodeEntry, type Entry, encodeEntry, keyOf, segmentKey } from './manifest.ts'
import { SEAL_LIMITS, Sealer } from './sealer.ts'
import { decodeHeader } from './segment.ts'
import { type Verified, verifyArchive } from './verify.ts'

const STREAM = 'board/a'

interface Archive {
  readonly objects: ObjectStore
  /** Of the entries, in order. */
  readonly entries: readonly Entry[]
  file(key: string): string
}

/** Two streams; the first has three entries. */
async function archive(t: Lifetime): Promise<Archive> {
  const { objects, folder } = folderObjects(t)
  const clock = new ManualClock()
  const log = new MemoryLog(clock)
  for (let i = 0; i < 30; i++) {
    await log.append(STREAM, [{ type: 7, body: new Uint8Array(100).map((_, k) => Math.imul(i + 3, k + 5)) }])
  }
  await log.append('players', [{ type: 1, body: Uint8Array.of(1) }])
  await using sealer = new Sealer(
    { log, objects, clock, onError: () => {} },
    { ...SEAL_LIMITS, segmentBytes: 1000 },
  )
  await sealer.sealAll()
  const entries: Entry[] = []
  for (let number = 1; number <= 3; number++) {
    const key = keyOf(STREAM, number)
    entries.push(decodeEntry(key, await objects.get(key)).entry)
  }
  return { objects, entries, file: (key) => join(folder, key) }
}

function verified(objects: ObjectStore): Promise<Verified> {
  return verifyArchive(objects, () => {})
}

test('[A10] a whole archive has no flaws, and is counted', async (t) => {
  const { objects, entries } = await archive(t)
  const progress: number[][] = []
  const { heads, ...rest } = await verifyArchive(objects, (done, of) => progress.push([done, of]))
  const players = await objects.get(keyOf('players', 1))
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  assert.deepEqual(rest, {
    streams: 2,
    entries: 4,
    records: 31,
    placements: 0,
    bytes: bytes + decodeEntry(keyOf('players', 1), players).entry.bytes,
    flaws: [],
  })
  assert.deepEqual([...heads.keys()], [STREAM, 'players'])
  assert.deepEqual(progress.at(-1), [4, 4])
})

test('[A10] any flipped bit, in a segment or an entry, is found and its place is named', async (t) => {
  const { objects, entries, file } = await archive(t)
  const keys = entries.flatMap(({ number, segment }) => [
    { number, key: keyOf(STREAM, number), segment: undefined },
    { number, key: segmentKey(segment), segment },
  ])
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...keys),
      fc.nat(),
      fc.nat(7),
      async ({ number, key, segment }, at, bit) => {
        const whole = readFileSync(file(key))
        const wrong = Buffer.from(whole)
        const place = at % whole.length
        wrong[place] = (wrong[place] ?? 0) ^ (1 << bit)
        writeFileSync(file(key), wrong)
        try {
          const { flaws } = await verified(objects)
          const [first] = flaws
          assert.ok(first !== undefined, `byte ${place} of ${key}`)
          assert.equal(first.stream, STREAM)
          // An entry's own bytes are vouched for by the entry after it, the last one's by who kept its hash.
          assert.ok(first.entry === number || (segment === undefined && first.entry === number + 1))
          if (segment === undefined) return
          assert.equal(first.segment, segment)
          const { blocks } = decodeHeader(whole)
          const block = blocks.findLast(({ offset }) => offset <= place)
          assert.equal(first.byte, block?.offset ?? 0)
        } finally {
          writeFileSync(file(key), whole)
        }
      },
    ),
    { numRuns: 60 },
  )
  assert.deepEqual((await verified(objects)).flaws, [])
})

test('[A10] what is missing, cut off or exchanged is named', async (t) => {
  const { objects, entries, file } = await archive(t)
  const [first, second, third] = entries
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const segment = file(segmentKey(second.segment))
  const whole = readFileSync(segment)
  const flawsWith = async (change: () => void): Promise<object[]> => {
    change()
    const { flaws } = await verified(objects)
    writeFileSync(segment, whole)
    return flaws.map(({ what, ...place }) => ({ ...place, what: what.replace(/[0-9a-f]{64}/, 'HASH') }))
  }
  const place = { stream: STREAM, entry: 2, segment: second.segment }
  const { blocks } = decodeHeader(whole)
  const at = blocks[0]?.offset ?? 0
  assert.deepEqual(await flawsWith(() => rmSync(segment)), [
    { ...place, what: 'there is no object segments/HASH.seg' },
  ])
  assert.deepEqual(await flawsWith(() => writeFileSync(segment, whole.subarray(0, -1))), [
    { ...place, byte: at, what: 'a segment that ends too early' },
  ])
  assert.deepEqual(await flawsWith(() => writeFileSync(segment, Buffer.concat([whole, Buffer.of(0)]))), [
    { ...place, byte: whole.length, what: 'bytes after the last block' },
  ])
  const other = readFileSync(file(segmentKey(first.segment)))
  assert.deepEqual(await flawsWith(() => writeFileSync(segment, other)), [
    { ...place, what: 'its hash is not its name' },
  ])
})

test('[A10] a chain that was broken says where', async (t) => {
  const { objects, entries, file } = await archive(t)
  const [, second, third] = entries
  assert.ok(second !== undefined && third !== undefined)
  const entryFile = file(keyOf(STREAM, 2))
  const flawsWith = async (entry: Entry): Promise<string[]> => {
    const whole = readFileSync(entryFile)
    writeFileSync(entryFile, encodeEntry(entry))
    const { flaws } = await verified(objects)
    writeFileSync(entryFile, whole)
    return flaws.map(({ entry, what }) => `${entry}: ${what}`)
  }
  const broken = '3: entry 3 of board/a does not follow the entry before it: its hash is another'
  assert.deepEqual(await flawsWith({ ...second, records: 9 }), [
    '2: it is not what the entry says of it',
    broken,
  ])
  assert.deepEqual(await flawsWith({ ...second, previous: second.segment }), [
    '2: entry 2 of board/a does not follow the entry before it: its hash is another',
    broken,
  ])
  assert.deepEqual(await flawsWith({ ...second, first: 5 }), [
    '2: entry 2 of board/a begins at position 5, before the end of the one before',
    '2: it is not what the entry says of it',
    broken,
  ])
  rmSync(entryFile)
  assert.deepEqual(
    (await verified(objects)).flaws.map(({ entry, what }) => `${entry}: ${what}`),
    ['2: entry 2 missing'],
  )
})
