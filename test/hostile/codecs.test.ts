import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpateError } from '../../src/base/errors.ts'
import { decodeBody, encodeBody } from '../../src/boards/canvas/codec.ts'
import { type CanvasRecord, RecordType } from '../../src/boards/canvas/records.ts'
import { FREE_RULES } from '../../src/boards/canvas/rules.ts'
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  type ServerMessage,
} from '../../src/live/protocol.ts'
import { decodeRecord, encodeRecord } from '../../src/log/codec.ts'
import { positionOf } from '../../src/log/port.ts'
import { decodePlayerRecord, encodePlayerRecord, PlayerRecordType } from '../../src/players/records.ts'
import { area, BLANK, created, painted, placed, T0 } from '../support/boards.ts'
import { damaged } from './mutations.ts'

const NUM_RUNS = 3000

const CLIENT: readonly ClientMessage[] = [
  { type: 'edit', request: 7, edits: Array.from({ length: 30 }, (_, i) => ({ x: i, y: 65_535, color: i })) },
  { type: 'subscribe', request: 1, chunks: Uint16Array.of(0, 1, 65_535) },
  { type: 'subscribe', request: 2, chunks: null },
  { type: 'heartbeat' },
  { type: 'undo', request: 3 },
]

const GROUPS = [
  { chunk: 3, count: 2, cells: Uint16Array.of(1, 65_535), colors: Uint8Array.of(1, 255) },
  { chunk: 65_535, count: 1, cells: Uint16Array.of(0), colors: Uint8Array.of(0) },
]

const SERVER: readonly ServerMessage[] = [
  { type: 'hello', version: 1, position: 12, timeMs: T0, nextMs: T0 + 5, player: 3, board: '{"id":"größe"}' },
  { type: 'edits', position: 13, groups: GROUPS },
  { type: 'hidden', position: 13, groups: GROUPS },
  { type: 'resync', position: 14, chunks: Uint16Array.of(1, 2) },
  { type: 'judged', request: 5, position: 15, nextMs: T0, verdicts: Uint8Array.of(0, 7) },
  { type: 'heartbeat', position: 16, timeMs: T0 },
  { type: 'board', position: 17, board: '{}' },
  { type: 'refused', request: 6, problem: '{}' },
  { type: 'subscribed', request: 6, position: 18, chunks: Uint16Array.of(9) },
]

const RECORDS: readonly CanvasRecord[] = [
  { type: RecordType.created, body: created() },
  { type: RecordType.placed, body: placed([1, 2, 3, 4], [5, 6, 7, 8]) },
  { type: RecordType.painted, body: painted([1, 2, 3, 4, T0], [5, 6, 7, 8, T0 + 1]) },
  { type: RecordType.banned, body: { player: 1, untilMs: null, shadow: true, reason: 'ünfair' } },
  { type: RecordType.unbanned, body: { player: 1 } },
  {
    type: RecordType.restored,
    body: {
      kind: 'rollback',
      player: 1,
      reason: 'ünfair',
      cells: [{ x: 1, y: 2, expected: { color: 3, player: 1, timeMs: T0 }, becomes: BLANK }],
    },
  },
  { type: RecordType.resized, body: { extent: area(-10, -10, 20, 20) } },
  { type: RecordType.repainted, body: { palette: [0, 1, 2] } },
  { type: RecordType.ruled, body: { rules: FREE_RULES } },
  { type: RecordType.locked, body: { lock: { ...area(0, 0, 1, 1), id: 'a', reason: '' } } },
  { type: RecordType.unlocked, body: { id: 'a' } },
]

/** Every case is read or refused in the way that is promised, and both happen. */
function readsOrRefuses<T>(
  cases: fc.Arbitrary<T>,
  read: (damage: T) => void,
  isPromised: (error: unknown) => boolean,
): void {
  let reads = 0
  let refusals = 0
  fc.assert(
    fc.property(cases, (damage) => {
      try {
        read(damage)
        reads += 1
      } catch (error) {
        if (!isPromised(error)) throw error
        refusals += 1
      }
    }),
    { numRuns: NUM_RUNS },
  )
  assert.ok(reads > 0 && refusals > 0, `${reads} read, ${refusals} refused`)
}

function isStoredWrong(error: unknown): boolean {
  return error instanceof SpateError && (error.code === 'corrupt' || error.code === 'newer-version')
}

test('[O10] damaged messages of clients are read or refused with a RangeError', () => {
  readsOrRefuses(
    damaged(CLIENT.map(encodeClientMessage)),
    decodeClientMessage,
    (error) => error instanceof RangeError,
  )
})

test('[O10] damaged messages of a server are read or refused', () => {
  readsOrRefuses(
    damaged(SERVER.map(encodeServerMessage)),
    decodeServerMessage,
    // Text that is not UTF-8 is a TypeError.
    (error) => error instanceof RangeError || error instanceof TypeError,
  )
})

test('[O10] damaged bodies of a board’s records are read, or said to be corrupt or newer', () => {
  const types = fc.constantFrom(...Object.values(RecordType))
  const damagedBody = fc
    .constantFrom(...RECORDS)
    .chain((record) => fc.tuple(fc.oneof(fc.constant(record.type), types), damaged([encodeBody(record)])))
  readsOrRefuses(damagedBody, ([type, bytes]) => decodeBody(type, bytes), isStoredWrong)
})

test('[O10] damaged records of a log are read, or said to be corrupt or newer', () => {
  readsOrRefuses(
    damaged([encodeRecord({ type: 2, body: Uint8Array.of(1, 2, 3) }, T0)]),
    (bytes) => decodeRecord(positionOf(1), Buffer.from(bytes)),
    isStoredWrong,
  )
})

test('[O10] damaged records of players are read, or said to be corrupt or newer', () => {
  const { joined } = PlayerRecordType
  readsOrRefuses(
    damaged([encodePlayerRecord({ type: joined, body: { keys: ['c:abc', 'c:größe'] } })]),
    (bytes) => decodePlayerRecord(joined, bytes),
    isStoredWrong,
  )
})
