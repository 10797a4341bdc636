import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { HttpServer } from '../../../test/support/http.ts'
import { readPng } from '../../../test/support/png.ts'
import { decodeSeedFrame, SeedClient } from '../../../test/support/sephsplace-client.ts'
import { FREE_RULES } from '../../boards/canvas/rules.ts'
import type { ChunkEdits } from '../../live/protocol.ts'
import { sephsplaceFormat } from './sephsplace-format.ts'

const CLIENTS = 12
const ROUNDS = 40

test('[S6] every edit of a thousand by thousand cells in sixteen colours survives its three bytes', () => {
  const edits = fc.array(fc.tuple(fc.nat(999), fc.nat(999), fc.nat(15)), { minLength: 1, maxLength: 300 })
  const extent = { left: 0, top: 0, width: 1000, height: 1000 }
  const info = { id: '', extent, palette: [], background: 0, rules: FREE_RULES, locks: [] }
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), edits, (version, edits) => {
      const groups = edits.map(
        ([x, y, color]): ChunkEdits => ({
          chunk: (y >> 8) * 256 + (x >> 8),
          count: 1,
          cells: Uint16Array.of((y & 255) * 256 + (x & 255)),
          colors: Uint8Array.of(color),
        }),
      )
      const frame = sephsplaceFormat.edits(version, groups, info)
      const header = (frame[1] ?? 0) < 126 ? 2 : 4
      assert.deepEqual(decodeSeedFrame(Buffer.from(frame.subarray(header))), {
        version,
        edits: edits.map(([x, y, color]) => ({ x, y, color })),
      })
    }),
  )
})

test('[S10] a crowd of the seed’s own clients ends with the server’s picture, through drops and reloads', async (t) => {
  const rules = {
    cooldown: { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 },
    undoSeconds: 0,
    activeZone: null,
  } as const
  const everybody: SeedClient[] = []
  // Before the server goes.
  t.after(() => {
    for (const client of everybody) client.close()
  })
  const server = await HttpServer.withLobby(t, { rules }, { trustedProxies: ['127.0.0.1'] })
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => new SeedClient(server.url, { 'x-forwarded-for': `10.0.0.${i}` }),
  )
  const late = new SeedClient(server.url)
  everybody.push(...clients, late)
  await Promise.all(clients.map((client) => client.connect()))

  // Neighbours fight over the same few cells; now and then one is dropped.
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      clients.map((client, i) => client.paint((round * 7 + i) % 40, (i * 13) % 5, (round + i) % 16)),
    )
    if (round % 5 === 0) clients[round % CLIENTS]?.drop()
    if (round % 15 === 0) server.clock.nowMs += 10_000
  }
  // One comes back with a version that is too old, when more was painted at once than a frame holds.
  await late.connect()
  late.drop()
  const cells = Array.from({ length: 17_000 }, (_, i) => i)
  const body = {
    x: cells.map((i) => i % 1000),
    y: cells.map((i) => 100 + Math.floor(i / 1000)),
    color: cells.map((i) => 1 + (i % 15)),
  }
  assert.equal((await server.admin.post('/api/boards/lobby/painted', body)).status, 200)
  const last = await server.client().post('/sp/edit?x=999&y=999&c=9')
  assert.equal(last.status, 200)

  const { position } = server.services.boards.get('lobby').canvas
  await Promise.all(everybody.map((client) => client.reached(position)))
  const answer = await server.client().get(`/api/boards/lobby/image.png?v=${position}`)
  const { rgb } = await readPng(answer.bytes)
  // Compared as bytes: a million differing numbers are too many to tell apart one by one. A page that was told to
  // reload keeps a socket or two more, not one more every three seconds.
  const ended = (client: SeedClient): boolean =>
    client.sockets <= 4 && Buffer.from(client.rgb.buffer).equals(Buffer.from(rgb.buffer))
  // A picture that is being fetched again changes what a page shows once more.
  for (let look = 0; look < 400 && !everybody.every(ended); look++) await setTimeout(25)
  assert.ok(everybody.every(ended))
  assert.ok(clients.some(({ limited }) => limited > 0))
  assert.ok(clients.reduce((sum, { accepted }) => sum + accepted, 0) > CLIENTS)
  assert.ok(everybody.some(({ reloads }) => reloads > 0))
})
