import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PlaceSocket, placeToken, SUBSCRIPTION } from '../support/place-client.ts'
import { ServerProcess } from '../support/server.ts'
import { assertUnharmed } from './harm.ts'
import { damaged } from './mutations.ts'

const CONVERSATIONS = 100
const TYPES = new Set([
  'connection_ack',
  'connection_error',
  'ka',
  'ping',
  'pong',
  'data',
  'next',
  'error',
  'complete',
])
/** Normal, going away, not text, not UTF-8, too large; and those of graphql-transport-ws. */
const CLOSE_CODES = new Set([1000, 1001, 1003, 1005, 1007, 1009, 4400, 4401, 4403, 4408, 4409, 4429])
const UNLIMITED = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0', SPATE_JOIN_RATE: '0' }

const channel = { teamOwner: 'AFD2022', category: 'CANVAS', tag: '0' }
const variables = { input: { channel } }
const history = `mutation ($input0: ActInput!) { input0: act(input: $input0) { data { ... on BasicMessage { id
  data { ... on GetTileHistoryResponseMessageData { lastModifiedTimestamp userInfo { userID } } } } } } }`
const pixel = {
  actionName: 'r/replace:get_tile_history',
  PixelMessageData: { canvasIndex: 0, colorIndex: 0, coordinate: { x: 1, y: 2 } },
}
const right: readonly Uint8Array[] = [
  { type: 'connection_init', payload: { Authorization: 'Bearer abc' } },
  { id: '1', type: 'start', payload: { query: SUBSCRIPTION, variables, operationName: 'follow' } },
  { id: '2', type: 'subscribe', payload: { query: SUBSCRIPTION, variables } },
  { id: '3', type: 'start', payload: { query: history, variables: { input0: pixel } } },
  { id: 4, type: 'subscribe', payload: { query: '{ __schema { types { name } } }' } },
  { id: '1', type: 'stop' },
  { id: '2', type: 'complete' },
  { type: 'ping', payload: { a: [1] } },
  { type: 'pong' },
  { type: 'connection_terminate' },
].map((message) => Buffer.from(JSON.stringify(message)))

const text = fc.oneof(
  { weight: 6, arbitrary: damaged(right).map((bytes) => Buffer.from(bytes).toString('latin1')) },
  { weight: 3, arbitrary: fc.constantFrom(...right).map((bytes) => Buffer.from(bytes).toString()) },
  { weight: 1, arbitrary: fc.json() },
)

test('[S52] whatever a client says, it is answered in the protocol, and the server serves on', async (t) => {
  const server = await ServerProcess.start(t, UNLIMITED)
  const token = await placeToken(server.url)
  const endings = new Map<number, number>()
  const said = new Map<string, number>()
  let asked = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('graphql-ws' as const, 'graphql-transport-ws' as const, undefined),
      fc.array(text, { minLength: 1, maxLength: 12 }),
      async (protocol, texts) => {
        const { socket } = await PlaceSocket.open(t, server.url, { protocol, token })
        for (const message of texts) socket.send(message)
        const probe = `{"type":"ping","payload":{"probe":${++asked}}}`
        socket.send(probe)
        for (;;) {
          const message = await socket.next().catch(() => undefined)
          if (message === undefined) break
          const { type, payload } = JSON.parse(String(message))
          assert.ok(TYPES.has(type), `said ${type}`)
          said.set(type, (said.get(type) ?? 0) + 1)
          if (type === 'pong' && payload?.probe === asked) socket.ws.close(1000)
        }
        const { code } = await socket.closed
        assert.ok(CLOSE_CODES.has(code), `closed with ${code}`)
        endings.set(code, (endings.get(code) ?? 0) + 1)
      },
    ),
    { numRuns: CONVERSATIONS },
  )
  t.diagnostic(`closed with ${[...endings].map(([code, count]) => `${code}: ${count}`).join(', ')}`)
  for (const type of ['data', 'next', 'error', 'complete', 'pong', 'connection_ack'])
    assert.ok(said.has(type), `${type} was never said`)
  for (const code of [1000, 4400]) assert.ok(endings.has(code), `none was closed with ${code}`)
  await assertUnharmed(server)
})
