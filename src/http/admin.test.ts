import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, HttpServer } from '../../test/support/http.ts'
import { readPng } from '../../test/support/png.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { MAX_LOCKS } from '../boards/canvas/rules.ts'

const BOARD = '/api/boards/lobby'
const HEX = CLASSIC_PALETTE.map((rgb) => `#${rgb.toString(16).padStart(6, '0')}`)

function codeOf(answer: Answer): unknown {
  return answer.json().code
}

async function boardOf(server: HttpServer): Promise<Readonly<Record<string, unknown>>> {
  return (await server.client().get(BOARD)).json()
}

test('[H16] everything an organiser does is closed to everybody else', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  await visitor.place(1, 1, 1)
  const routes: [method: string, path: string, body?: object][] = [
    ['POST', `${BOARD}/resize`, { left: 0, top: 0, width: 5, height: 5 }],
    ['POST', `${BOARD}/palette`, { palette: HEX }],
    ['POST', `${BOARD}/rules`, { undoSeconds: 1 }],
    ['PUT', `${BOARD}/locks/a`, { left: 0, top: 0, width: 5, height: 5 }],
    ['DELETE', `${BOARD}/locks/a`],
    ['GET', `${BOARD}/bans`],
    ['POST', `${BOARD}/bans`, { player: 1 }],
    ['POST', '/api/bans', { player: 1 }],
    ['DELETE', `${BOARD}/bans/1`],
    ['POST', `${BOARD}/rollbacks`, { player: 1 }],
    ['DELETE', `${BOARD}/rollbacks/1`],
    ['POST', `${BOARD}/painted`, {}],
    ['POST', '/api/boards', {}],
  ]
  for (const [method, path, body] of routes) {
    assert.equal((await server.client().send(method, path, body)).status, 401, `${method} ${path}`)
    assert.equal((await visitor.send(method, path, body)).status, 403, `${method} ${path}`)
    assert.notEqual((await server.admin.send(method, path, body)).status, 403)
  }
})

test('[H17] a board grows in every direction and keeps what was painted', async (t) => {
  const server = await HttpServer.withLobby(t, { extent: { left: 0, top: 0, width: 10, height: 10 } })
  const visitor = await server.visitor()
  await visitor.place(3, 4, 5)
  assert.equal((await visitor.place(-1, -1, 1)).status, 400)
  const extent = { left: -20, top: -300, width: 500, height: 400 }
  const resized = await server.admin.post(`${BOARD}/resize`, extent)
  assert.deepEqual(resized.json(), { position: 3, verdict: 'accepted' })
  assert.deepEqual((await boardOf(server)).extent, extent)
  assert.equal((await visitor.place(-20, -300, 6)).status, 200)
  const image = await readPng((await server.client().get(`${BOARD}/image.png`)).bytes)
  assert.deepEqual([image.width, image.height], [500, 400])
  assert.equal(image.at(0, 0), CLASSIC_PALETTE[6])
  assert.equal(image.at(23, 304), CLASSIC_PALETTE[5])
  // Smaller hides, larger again shows.
  await server.admin.post(`${BOARD}/resize`, { left: -20, top: -300, width: 5, height: 5 })
  assert.equal((await visitor.place(3, 4, 1)).status, 400)
  await server.admin.post(`${BOARD}/resize`, extent)
  assert.equal((await server.client().get(`${BOARD}/cells/3/4`)).json().color, 5)
})

test('[H17] a board cannot span more than 65,536 cells in its life', async (t) => {
  const server = await HttpServer.withLobby(t)
  const { left, top, height } = { left: 1000 - 65_536, top: 0, height: 5 }
  assert.equal((await server.admin.post(`${BOARD}/resize`, { left, top, width: 65_536, height })).status, 200)
  const refused = await server.admin.post(`${BOARD}/resize`, { left: left + 1, top, width: 65_536, height })
  assert.equal(refused.status, 409)
  assert.equal(codeOf(refused), 'conflict')
  assert.deepEqual((await boardOf(server)).extent, { left, top, width: 65_536, height })
  assert.equal((await server.admin.post(`${BOARD}/resize`, { left: 0, top: 0, width: 1 })).status, 400)
})

test('[H17] a palette may grow and change, not shrink', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  assert.equal((await visitor.place(1, 1, 16)).status, 400)
  const palette = [...HEX, '#123456']
  assert.equal((await server.admin.post(`${BOARD}/palette`, { palette })).status, 200)
  assert.equal((await visitor.place(1, 1, 16)).status, 200)
  const image = await readPng((await server.client().get(`${BOARD}/image.png`)).bytes)
  assert.equal(image.bitDepth, 8)
  assert.equal(image.at(1, 1), 0x123456)
  const refused = await server.admin.post(`${BOARD}/palette`, { palette: HEX })
  assert.equal(refused.status, 409)
  assert.equal((await server.admin.post(`${BOARD}/palette`, { palette: ['#12345', '#000000'] })).status, 400)
})

test('[H17] rules change one by one; what is not named stays', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  const rules = async (body: object): Promise<number> =>
    (await server.admin.post(`${BOARD}/rules`, body)).status
  assert.equal(await rules({ cooldown: { seconds: 60 }, undoSeconds: 3 }), 200)
  assert.equal(await rules({ activeZone: { left: -5, top: -5, width: 10, height: 10 } }), 200)
  assert.deepEqual((await boardOf(server)).rules, {
    cooldown: { kind: 'stack', seconds: 60, blankSeconds: 60, stack: 1, activity: null },
    undoSeconds: 3,
    activeZone: { left: -5, top: -5, width: 10, height: 10 },
  })
  assert.equal(codeOf(await visitor.place(5, 4, 1)), 'inactive')
  assert.equal((await visitor.place(4, 4, 1)).status, 200)
  assert.equal(codeOf(await visitor.place(3, 3, 1)), 'cooling-down')
  assert.equal(await rules({ activeZone: null, cooldown: { seconds: 0 } }), 200)
  assert.equal((await visitor.place(500, 500, 1)).status, 200)
  assert.equal(await rules({ cooldown: { seconds: 5, cost: 5 } }), 400)
  assert.equal(await rules({ undoSecond: 5 }), 400)
  const window = { windowSeconds: 10, budget: 5, cost: 5 }
  assert.equal(await rules({ cooldown: { ...window, cost: 6 } }), 400)
  assert.equal(await rules({ cooldown: { ...window, blankCost: 6 } }), 400)
  assert.equal(await rules({ cooldown: window }), 200)
})

test('[H19] a locked area is closed until it is unlocked', async (t) => {
  const server = await HttpServer.withLobby(t)
  const visitor = await server.visitor()
  const area = { left: 10, top: 10, width: 5, height: 5 }
  const locked = await server.admin.put(`${BOARD}/locks/flag`, { ...area, reason: 'the flag' })
  assert.deepEqual(locked.json(), { position: 2, verdict: 'accepted' })
  assert.deepEqual((await boardOf(server)).locks, [{ ...area, id: 'flag', reason: 'the flag' }])
  assert.equal(codeOf(await visitor.place(14, 14, 1)), 'locked')
  assert.equal((await visitor.place(15, 14, 1)).status, 200)
  await server.admin.put(`${BOARD}/locks/flag`, { ...area, left: 11 })
  assert.equal((await visitor.place(10, 10, 1)).status, 200)
  assert.equal((await server.admin.delete(`${BOARD}/locks/flag`)).status, 200)
  assert.equal((await visitor.place(14, 14, 1)).status, 200)
  const unknown = await server.admin.delete(`${BOARD}/locks/flag`)
  assert.equal(unknown.status, 404)
})

test('[H19] a board has a limited number of locks', async (t) => {
  const server = await HttpServer.withLobby(t)
  const area = { left: 10, top: 10, width: 5, height: 5 }
  const statuses = await Promise.all(
    Array.from({ length: MAX_LOCKS }, (_, i) => server.admin.put(`${BOARD}/locks/l${i}`, area)),
  )
  assert.ok(statuses.every(({ status }) => status === 200))
  assert.equal((await server.admin.put(`${BOARD}/locks/more`, area)).status, 409)
  assert.equal((await server.admin.put(`${BOARD}/locks/l0`, area)).status, 200)
})
