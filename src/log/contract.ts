import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import type { Log, LogRecord, NewRecord } from './port.ts'
import { MAX_BODY_BYTES, START } from './port.ts'

/** Opens an empty log whose time is `clock`; it is disposed of with the test. */
export type OpenLog = (t: TestContext, clock: Clock) => Promise<Log>

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

export function record(text: string, type = 1): NewRecord {
  return { type, body: new TextEncoder().encode(text) }
}

function texts(records: readonly LogRecord[]): string[] {
  return records.map(({ body }) => new TextDecoder().decode(body))
}

/** A clock that stands where it is put. */
function standingClock(): Clock & { nowMs: number } {
  return {
    nowMs: 1_000,
    now() {
      return this.nowMs
    },
    elapsedMs: () => 0,
    after: () => () => {},
  }
}

/** What a trim needs, and which of three records a reader finds after two were trimmed. */
export interface Trimming {
  readonly before: (log: Log) => Promise<void>
  readonly found: readonly string[]
}

const FREED: Trimming = { before: async () => {}, found: ['3'] }

/** The rules every log adapter keeps, L1 to L12 of SPEC.md. */
export function describeLog(name: string, open: OpenLog, trimming: Trimming = FREED): void {
  describe(`log: ${name}`, () => {
    it('[L1] positions start above 0 and grow along a stream', async (t) => {
      const log = await open(t, standingClock())
      const first = await log.append('board/a', [record('1'), record('2')])
      const second = await log.append('board/a', [record('3')])
      const positions = [...first, ...second]
      assert.equal(positions.length, 3)
      assert.ok(positions.every((position, i) => position > (positions[i - 1] ?? START)))
    })

    it('[L2] a record is read as it was appended', async (t) => {
      const clock = standingClock()
      const log = await open(t, clock)
      const body = Uint8Array.from({ length: 256 }, (_, i) => i)
      const [position] = await log.append('board/a', [{ type: 255, body }])
      const [read] = await log.read('board/a', START, ALL)
      assert.deepEqual(
        { ...read, body: [...(read?.body ?? [])] },
        { position, timeMs: clock.nowMs, type: 255, body: [...body] },
      )
    })

    it('[L3] streams are apart', async (t) => {
      const log = await open(t, standingClock())
      await log.append('board/a', [record('a')])
      await log.append('board/b', [record('b')])
      assert.deepEqual(texts(await log.read('board/a', START, ALL)), ['a'])
      assert.deepEqual(texts(await log.read('board/b', START, ALL)), ['b'])
      assert.deepEqual((await log.streams()).sort(), ['board/a', 'board/b'])
      assert.deepEqual(await log.read('board/c', START, ALL), [])
      assert.equal(await log.head('board/c'), START)
    })

    it('[L4] reads resume after a position and keep to their limits', async (t) => {
      const log = await open(t, standingClock())
      const positions = await log.append(
        'board/a',
        ['1', '2', '3', '4'].map((text) => record(text)),
      )
      const after = positions[0] ?? START
      assert.deepEqual(texts(await log.read('board/a', after, { records: 2, bytes: 1e6 })), ['2', '3'])
      assert.deepEqual(texts(await log.read('board/a', after, { records: 9, bytes: 1 })), ['2'])
      assert.deepEqual(texts(await log.read('board/a', positions[3] ?? START, ALL)), [])
    })

    it('[L5] appends of one caller keep their order', async (t) => {
      const log = await open(t, standingClock())
      const sent = Array.from({ length: 200 }, (_, i) => String(i))
      await Promise.all(sent.map((text) => log.append('board/a', [record(text)])))
      assert.deepEqual(texts(await log.read('board/a', START, ALL)), sent)
    })

    it('[L6] times never decrease, whatever the clock does', async (t) => {
      const clock = standingClock()
      const log = await open(t, clock)
      await log.append('board/a', [record('1')])
      clock.nowMs = 400
      await log.append('board/a', [record('2')])
      clock.nowMs = 2_000
      await log.append('board/a', [record('3')])
      const times = (await log.read('board/a', START, ALL)).map(({ timeMs }) => timeMs)
      assert.deepEqual(times, [1_000, 1_000, 2_000])
    })

    it('[L7] an event that happened elsewhere keeps its time unless the stream is past it', async (t) => {
      const log = await open(t, standingClock())
      await log.append('board/a', [{ ...record('1'), timeMs: 50 }])
      await log.append('board/a', [{ ...record('2'), timeMs: 70 }])
      await log.append('board/a', [{ ...record('3'), timeMs: 60 }])
      const times = (await log.read('board/a', START, ALL)).map(({ timeMs }) => timeMs)
      assert.deepEqual(times, [50, 70, 70])
    })

    it('[L8] follow gives the old, then the new, without a gap or a repeat at the seam', async (t) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
          fc.nat(19),
          async (sizes, joinAt) => {
            const log = await open(t, standingClock())
            const stop = new AbortController()
            const total = sizes.reduce((sum, size) => sum + size, 0)
            const seen: string[] = []
            let following: Promise<void> | undefined
            const follow = async (): Promise<void> => {
              for await (const batch of log.follow('board/a', START, stop.signal)) {
                assert.ok(batch.length > 0)
                seen.push(...texts(batch))
                if (seen.length >= total) stop.abort()
              }
            }
            let next = 0
            for (const [i, size] of sizes.entries()) {
              if (i === Math.min(joinAt, sizes.length - 1)) following = follow()
              await log.append(
                'board/a',
                Array.from({ length: size }, () => record(String(next++))),
              )
            }
            await following
            assert.deepEqual(
              seen,
              Array.from({ length: total }, (_, i) => String(i)),
            )
          },
        ),
        { numRuns: 20 },
      )
    })

    it('[L9] follow ends without an error when its signal aborts', async (t) => {
      const log = await open(t, standingClock())
      const stop = new AbortController()
      const ended = (async () => {
        for await (const _ of log.follow('board/a', START, stop.signal)) assert.fail('nothing to follow')
      })()
      stop.abort()
      await ended
    })

    it('[L10] what cannot be a record is refused whole, and the stream goes on', async (t) => {
      const log = await open(t, standingClock())
      const invalid = (error: unknown): boolean => error instanceof SpateError && error.code === 'invalid'
      const tooLarge = { type: 1, body: new Uint8Array(MAX_BODY_BYTES + 1) }
      await assert.rejects(log.append('board/a', [record('1'), tooLarge]), invalid)
      await assert.rejects(log.append('board/a', [{ type: 256, body: new Uint8Array(0) }]), invalid)
      await assert.rejects(log.append('board/a', [{ ...record('1'), timeMs: Number.NaN }]), invalid)
      await assert.rejects(log.append('../a', [record('1')]), invalid)
      await log.append('board/a', [record('ok')])
      assert.deepEqual(texts(await log.read('board/a', START, ALL)), ['ok'])
    })

    it('[L11] trim frees the old, keeps the rest and the growth of positions', async (t) => {
      const log = await open(t, standingClock())
      const positions = await log.append(
        'board/a',
        ['1', '2', '3'].map((text) => record(text)),
      )
      assert.equal(await log.trimmed('board/a'), START)
      await trimming.before(log)
      await log.trim('board/a', positions[1] ?? START)
      assert.equal(await log.trimmed('board/a'), positions[1])
      assert.deepEqual(texts(await log.read('board/a', START, ALL)), trimming.found)
      const [next] = await log.append('board/a', [record('4')])
      assert.ok((next ?? START) > (positions[2] ?? START))
    })

    it('[L15] every stream appears once: those there are, then those that begin', async (t) => {
      const log = await open(t, standingClock())
      await log.append('board/a', [record('1')])
      await log.append('board/b', [record('1')])
      const stop = new AbortController()
      const seen: string[] = []
      for await (const name of log.appearing(stop.signal)) {
        seen.push(name)
        if (name === 'board/c') stop.abort()
        else if (seen.length === 2) {
          await log.append('board/a', [record('2')])
          await log.append('board/c', [record('1')])
        }
      }
      assert.deepEqual(seen.sort(), ['board/a', 'board/b', 'board/c'])
    })

    it('[L12] head is the last readable record', async (t) => {
      const log = await open(t, standingClock())
      assert.equal(await log.head('board/a'), START)
      const positions = await log.append('board/a', [record('1'), record('2')])
      assert.equal(await log.head('board/a'), positions[1])
    })
  })
}
