import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeServerMessage, encodeClientMessage, MAX_CLIENT_FRAME_BYTES } from '../../src/live/protocol.ts'
import { ServerProcess } from '../support/server.ts'
import { assertUnharmed, problemIn } from './harm.ts'
import { damaged } from './mutations.ts'
import { answerIn, exchange, upgradeRequest } from './raw-connection.ts'
import { encodeFrame, framesIn, type RawFrame } from './raw-frames.ts'

const LIVE = '/api/boards/lobby/live'
const CONVERSATIONS = 1500
const UPGRADES = 700
const Opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
/** RFC 6455, section 7.4.1: what a server of ours says when it ends a conversation. */
const CLOSE_CODES = new Set([1000, 1001, 1002, 1003, 1005, 1007, 1009])
/** A client that closes without saying why is answered alike. */
const NO_CODE = 1005
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

const messages = [
  encodeClientMessage({ type: 'edit', request: 1, edits: [{ x: 1, y: 2, color: 3 }] }),
  encodeClientMessage({ type: 'edit', request: 2, edits: [{ x: 65_535, y: 9, color: 255 }] }),
  encodeClientMessage({ type: 'subscribe', request: 3, chunks: Uint16Array.of(0, 65_535) }),
  encodeClientMessage({ type: 'subscribe', request: 4, chunks: null }),
  encodeClientMessage({ type: 'heartbeat' }),
  encodeClientMessage({ type: 'undo', request: 5 }),
]

const payload = fc.oneof(
  { weight: 8, arbitrary: damaged(messages) },
  { weight: 4, arbitrary: fc.constantFrom(...messages) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(MAX_CLIENT_FRAME_BYTES, MAX_CLIENT_FRAME_BYTES + 1, 70_000)
      .map((size) => new Uint8Array(size).fill(1)),
  },
)
const usually = <T>(value: T, otherwise: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: otherwise })

const frame: fc.Arbitrary<RawFrame> = fc
  .record({
    final: usually(true, fc.constant(false)),
    reserved: usually(0, fc.nat(7)),
    opcode: usually<number>(Opcode.binary, fc.nat(15)),
    masked: usually(true, fc.constant(false)),
    lie: usually<number | undefined>(undefined, fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 0x7fff_ffff)),
    payload,
  })
  .map(({ lie, ...rest }) => ({ ...rest, length: lie ?? rest.payload.length }))

test('[O10] whatever frames a client sends, it is answered in the protocol, and the server serves on', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const endings = new Map<number, number>()
  const conversation = fc
    .array(frame, { minLength: 1, maxLength: 5 })
    .map((frames) => Buffer.concat(frames.map(encodeFrame)).toString('base64'))
  await fc.assert(
    fc.asyncProperty(conversation, async (frames) => {
      const sent = Buffer.concat([upgradeRequest(LIVE), Buffer.from(frames, 'base64')])
      const answer = answerIn(await exchange(server.url, sent))
      // A reset, by a server that is not interested in the rest, may take what it said with it.
      if (answer === undefined) return
      assert.equal(answer.status, 101)
      for (const { opcode, payload } of framesIn(answer.body)) {
        if (opcode === Opcode.binary) decodeServerMessage(payload)
        else if (opcode === Opcode.close) {
          const code = payload.length === 0 ? NO_CODE : payload.readUInt16BE(0)
          assert.ok(CLOSE_CODES.has(code), `closed with ${code}`)
          endings.set(code, (endings.get(code) ?? 0) + 1)
        } else assert.equal(opcode, Opcode.pong)
      }
    }),
    { numRuns: CONVERSATIONS },
  )
  t.diagnostic(`closed with ${[...endings].map(([code, count]) => `${code}: ${count}`).join(', ')}`)
  for (const code of [1002, 1003, 1009]) assert.ok(endings.has(code), `none was closed with ${code}`)
  await assertUnharmed(server)
})

const header = fc.oneof(
  fc.record({ 'Sec-WebSocket-Key': fc.constantFrom('', 'short', 'dGhlIHNhbXBsZSBub25jZQ') }),
  fc.record({ 'Sec-WebSocket-Version': fc.constantFrom('', '0', '12', '99', 'x') }),
  fc.record({ 'Sec-WebSocket-Protocol': fc.constantFrom('', ',', 'spate.v1, spate.v1', 'no such', '\x01') }),
  fc.record({ 'Sec-WebSocket-Extensions': fc.constantFrom('', ';;', 'permessage-deflate; x=', 'y') }),
  fc.record({ Origin: fc.constantFrom('', 'null', 'http://', 'https://elsewhere.example', '://') }),
  fc.record({ Host: fc.constantFrom('', '[', 'a b', 'localhost:99999') }),
  fc.record({ Cookie: fc.constantFrom('', 'spate=', 'spate=a.b', 'spate=.', `spate=${'x'.repeat(300)}`) }),
  fc.record({
    Authorization: fc.constantFrom('', 'Bearer', 'Bearer x', 'Basic eDp5', `Bearer ${'y'.repeat(300)}`),
  }),
  fc.record({ 'X-Forwarded-For': fc.constantFrom('', ',', 'x', '::1, 1.2.3.4') }),
)
const target = fc.oneof(
  fc.constant(LIVE),
  fc.constantFrom(
    '/',
    '//',
    '/api/boards//live',
    '/api/boards/none/live',
    '/api/boards/%zz/live',
    '*',
    '/sp',
  ),
  fc.constantFrom('-1', 'x', '', '9'.repeat(17), '1e3', '99999999').map((v) => `${LIVE}?v=${v}`),
  fc.constantFrom(',', 'x', '65536', '1,,2', '0,1').map((chunks) => `${LIVE}?chunks=${chunks}`),
  fc.constantFrom('', 'x', '-5', 'latest', '9'.repeat(17)).map((from) => `/anything?from=${from}`),
  fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((text) => `/${text.replaceAll(' ', '+')}`),
)

test('[O10] whatever an upgrade asks for, it is a socket, or refused with a problem document', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(target, fc.array(header, { maxLength: 3 }), async (path, headers) => {
      const answer = answerIn(await exchange(server.url, upgradeRequest(path, Object.assign({}, ...headers))))
      assert.ok(answer !== undefined)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      if (answer.status !== 101) problemIn(answer)
    }),
    { numRuns: UPGRADES },
  )
  t.diagnostic(`answered with ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`)
  for (const status of [101, 400, 401, 403, 404])
    assert.ok(statuses.has(status), `none was answered ${status}`)
  await assertUnharmed(server)
})
