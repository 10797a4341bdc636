import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  MAX_CLIENT_FRAME_BYTES,
  MAX_EDITS_A_FRAME,
  MAX_SUBSCRIBED_CHUNKS,
  type ServerMessage,
} from './protocol.ts'

function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const position = fc.maxSafeNat()
const timeMs = fc.double({ min: 0, max: 2 ** 48, noNaN: true })
const chunks = fc.uint16Array({ maxLength: 50 })
const groups = fc.array(
  fc.tuple(u16, fc.array(fc.tuple(u16, fc.nat(255)), { maxLength: 20 })).map(([chunk, cells]) => ({
    chunk,
    count: cells.length,
    cells: Uint16Array.from(cells, ([cell]) => cell),
    colors: Uint8Array.from(cells, ([, color]) => color),
  })),
  { maxLength: 8 },
)
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  record({
    type: fc.constant('hello' as const),
    version: fc.nat(255),
    position,
    timeMs,
    nextMs: timeMs,
    player: u32,
    board: text,
  }),
  record({ type: fc.constantFrom('edits' as const, 'hidden' as const), position, groups }),
  record({ type: fc.constant('resync' as const), position, chunks }),
  record({
    type: fc.constant('judged' as const),
    request: u32,
    position,
    nextMs: timeMs,
    verdicts: fc.uint8Array({ maxLength: 40 }),
  }),
  record({ type: fc.constant('heartbeat' as const), position, timeMs }),
  record({ type: fc.constant('board' as const), position, board: text }),
  record({ type: fc.constant('refused' as const), request: u32, problem: text }),
  record({ type: fc.constant('subscribed' as const), request: u32, position, chunks }),
)

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  record({
    type: fc.constant('edit' as const),
    request: u32,
    edits: fc.array(record({ x: u16, y: u16, color: fc.nat(255) }), { minLength: 1, maxLength: 40 }),
  }),
  record({
    type: fc.constant('subscribe' as const),
    request: u32,
    chunks: fc.option(chunks, { nil: null }),
  }),
  record({ type: fc.constant('heartbeat' as const) }),
  record({ type: fc.constant('undo' as const), request: u32 }),
)

test('[V16] every message of the server is read as it was written', () => {
  fc.assert(
    fc.property(serverMessage, (message) => {
      assert.deepEqual(decodeServerMessage(encodeServerMessage(message)), message)
    }),
    { numRuns: 1000 },
  )
})

test('[V16] every message of a client is read as it was written', () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      assert.deepEqual(decodeClientMessage(encodeClientMessage(message)), message)
    }),
    { numRuns: 1000 },
  )
})

test('[V16] a message cut short or with something after it is none', () => {
  const isRefused = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void =>
    assert.throws(() => decode(bytes), RangeError)
  fc.assert(
    fc.property(serverMessage, fc.nat(), (message, cut) => {
      const bytes = encodeServerMessage(message)
      isRefused(decodeServerMessage, bytes.subarray(0, cut % bytes.length))
      isRefused(decodeServerMessage, Uint8Array.of(...bytes, 0))
    }),
    { numRuns: 500 },
  )
})

test('[V16] whatever bytes a client sends are a message that encodes to them, or a RangeError', () => {
  const bytes = fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 60 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest))
  let messages = 0
  fc.assert(
    fc.property(bytes, (frame) => {
      let message: ClientMessage
      try {
        message = decodeClientMessage(frame)
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error))
        return
      }
      messages += 1
      assert.deepEqual([...encodeClientMessage(message)], [...frame])
    }),
    { numRuns: 10_000 },
  )
  assert.ok(messages > 100)
})

test('[V16] whatever bytes a server sends are a message or a RangeError, or text that is none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 11 }), fc.uint8Array({ maxLength: 80 }), (type, rest) => {
      try {
        decodeServerMessage(Uint8Array.of(type, ...rest))
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof TypeError, String(error))
      }
    }),
    { numRuns: 10_000 },
  )
})

test('[V16] the limits of a frame are those of the largest messages', () => {
  const edit = { x: 1, y: 2, color: 3 }
  const edits = (count: number): Uint8Array =>
    encodeClientMessage({ type: 'edit', request: 1, edits: Array<typeof edit>(count).fill(edit) })
  const subscribe = (count: number): Uint8Array =>
    encodeClientMessage({ type: 'subscribe', request: 1, chunks: new Uint16Array(count) })
  decodeClientMessage(edits(MAX_EDITS_A_FRAME))
  decodeClientMessage(subscribe(MAX_SUBSCRIBED_CHUNKS))
  assert.throws(() => decodeClientMessage(edits(0)), RangeError)
  assert.throws(() => decodeClientMessage(edits(MAX_EDITS_A_FRAME + 1)), RangeError)
  assert.throws(() => decodeClientMessage(subscribe(MAX_SUBSCRIBED_CHUNKS + 1)), RangeError)
  assert.equal(
    MAX_CLIENT_FRAME_BYTES,
    Math.max(edits(MAX_EDITS_A_FRAME).length, subscribe(MAX_SUBSCRIBED_CHUNKS).length),
  )
})

const PINNED_SERVER: Readonly<Record<ServerMessage['type'], readonly [ServerMessage, string]>> = {
  hello: [
    { type: 'hello', version: 1, position: 2, timeMs: 1.5, nextMs: 2, player: 3, board: '{"a":"é"}' },
    '01 01 0000000000000040 000000000000f83f 0000000000000040 03000000 0a000000 7b2261223a22c3a9227d',
  ],
  edits: [
    {
      type: 'edits',
      position: 4_294_967_297,
      groups: [
        { chunk: 0x0102, count: 1, cells: Uint16Array.of(0x0304), colors: Uint8Array.of(5) },
        { chunk: 0xffff, count: 2, cells: Uint16Array.of(1, 0xff00), colors: Uint8Array.of(15, 255) },
      ],
    },
    '02 000010000000f041 0200 0201 0100 0403 05 ffff 0200 0100 0f 00ff ff',
  ],
  resync: [
    { type: 'resync', position: 1, chunks: Uint16Array.of(0x0102, 3) },
    '03 000000000000f03f 02000000 0201 0300',
  ],
  judged: [
    { type: 'judged', request: 7, position: 1, nextMs: 1.5, verdicts: Uint8Array.of(0, 7) },
    '04 07000000 000000000000f03f 000000000000f83f 0200 00 07',
  ],
  heartbeat: [{ type: 'heartbeat', position: 1, timeMs: 2 }, '05 000000000000f03f 0000000000000040'],
  board: [{ type: 'board', position: 1, board: '{}' }, '06 000000000000f03f 02000000 7b7d'],
  refused: [{ type: 'refused', request: 0xfffffffe, problem: '' }, '07 feffffff 00000000'],
  hidden: [{ type: 'hidden', position: 1, groups: [] }, '08 000000000000f03f 0000'],
  subscribed: [
    { type: 'subscribed', request: 9, position: 1, chunks: Uint16Array.of(256) },
    '09 09000000 000000000000f03f 01000000 0001',
  ],
}

const PINNED_CLIENT: readonly (readonly [ClientMessage, string])[] = [
  [{ type: 'edit', request: 258, edits: [{ x: 0x0102, y: 0xffff, color: 9 }] }, '01 02010000 0201 ffff 09'],
  [{ type: 'subscribe', request: 1, chunks: null }, '02 01000000'],
  [{ type: 'subscribe', request: 1, chunks: new Uint16Array(0) }, '02 01000000 00000000'],
  [{ type: 'subscribe', request: 1, chunks: Uint16Array.of(0x0203) }, '02 01000000 01000000 0302'],
  [{ type: 'heartbeat' }, '03'],
  [{ type: 'undo', request: 5 }, '04 05000000'],
]

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

test('[V16] the bytes of version 1 are as PROTOCOL.md has them', () => {
  for (const [message, bytes] of Object.values(PINNED_SERVER)) {
    assert.equal(hex(encodeServerMessage(message)), bytes.replaceAll(' ', ''), message.type)
  }
  for (const [message, bytes] of PINNED_CLIENT) {
    assert.equal(hex(encodeClientMessage(message)), bytes.replaceAll(' ', ''), message.type)
  }
})
