import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { ServerProcess } from '../../test/support/server.ts'
import { Viewer } from '../../test/support/viewer.ts'
import { Api, ProblemError } from './api.ts'
import type { OpenSocket, SocketLike } from './live-socket.ts'
import type { Placement } from './requests.ts'

const FREE = { SPATE_PLAYER_RATE: '0', SPATE_ADDRESS_RATE: '0' }
const BOARD = 'wall'
const SIDE = 600

/** A server with a board that has no cooldown and nine chunks. */
async function serve(t: TestContext): Promise<{ server: ServerProcess; api: Api }> {
  const server = await ServerProcess.start(t, FREE)
  const api = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  await api.request('POST', '/api/boards', { id: BOARD, width: SIDE, height: SIDE })
  return { server, api }
}

/** The `ws` package, which can send headers, in place of the platform's WebSocket. */
function withCookie(cookie: string): OpenSocket {
  // ws has all that the client needs; its event types are its own.
  return (url, protocol) => new WebSocket(url, protocol, { headers: { cookie } }) as unknown as SocketLike
}

async function cookieOf(url: string): Promise<string> {
  const response = await fetch(`${url}/api/me`)
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? assert.fail('a first visit sets a cookie')
}

function cells(count: number, color: number): { x: number; y: number; color: number }[] {
  return Array.from({ length: count }, (_, i) => ({ x: (i * 7) % SIDE, y: (i * 13) % SIDE, color }))
}

async function shows(viewer: Viewer, api: Api): Promise<void> {
  const { position, colors } = await api.digest(BOARD)
  await viewer.reached(position)
  assert.equal(viewer.colors, colors)
}

const KINDS: readonly (readonly [name: string, open: (url: string) => Promise<OpenSocket | undefined>])[] = [
  ['the platform’s WebSocket', async () => undefined],
  ['ws', async (url) => withCookie(await cookieOf(url))],
]

for (const [name, open] of KINDS) {
  test(`[V21] ${name}: a server that is killed and comes back goes on where the viewer was`, async (t) => {
    const { server, api } = await serve(t)
    const viewer = await Viewer.watch(t, server.url, BOARD, await open(server.url))
    const painter = await Viewer.watch(t, server.url, BOARD)
    const [first] = await painter.connection.placeAll(cells(200, 3))
    assert.equal(first?.verdict, 'accepted')
    await viewer.reached(first?.position ?? 0)
    const lost = painter.connection.placeAll(cells(500, 4)).then(
      () => 'answered',
      (error: Error) => error.message,
    )
    await server.end('SIGKILL')
    assert.match(await lost, /^(answered|the connection was lost)$/)
    await server.start()
    await painter.live()
    const placed: Placement[] = await painter.connection.placeAll(cells(300, 5))
    assert.ok(placed.every(({ accepted }) => accepted))
    await shows(viewer, api)
    await shows(painter, api)
    assert.deepEqual([viewer.connection.reconnects, painter.connection.reconnects], [1, 1])
    assert.equal(viewer.connection.replica.colorAt(7, 13), 5)
  })
}

test('[V21] ws: a player stays who they are over a drop', async (t) => {
  const { server } = await serve(t)
  const viewer = await Viewer.watch(t, server.url, BOARD, withCookie(await cookieOf(server.url)))
  assert.equal(viewer.connection.player, 0)
  await viewer.connection.place(1, 2, 3)
  viewer.connection.drop()
  await viewer.live()
  assert.equal(viewer.connection.player, 1)
})

test('[V20] chunks that are watched anew show the board, over a drop too', async (t) => {
  const { server, api } = await serve(t)
  const viewer = await Viewer.watch(t, server.url, BOARD)
  const painter = await Viewer.watch(t, server.url, BOARD)
  await painter.connection.placeAll(cells(900, 6))
  viewer.connection.watch([0, 1])
  await painter.connection.placeAll(cells(900, 7))
  viewer.connection.drop()
  viewer.connection.watch([1, 2, 256, 257])
  await painter.connection.placeAll(cells(900, 8))
  viewer.connection.watch([0, 1, 2, 256, 257, 258, 512, 513, 514])
  await viewer.live()
  await shows(viewer, api)
})

test('[V22] a refusal says why, and the connection goes on', async (t) => {
  const server = await ServerProcess.start(t, { ...FREE, SPATE_ADDRESS_RATE: '1' })
  const viewer = await Viewer.watch(t, server.url, 'lobby')
  const asked = Array.from({ length: 5 }, () => viewer.connection.placeAll(cells(1024, 1)))
  const codes = (await Promise.allSettled(asked)).flatMap((one) =>
    one.status === 'rejected' && one.reason instanceof ProblemError ? [one.reason.problem.code] : [],
  )
  assert.ok(codes.length > 0 && codes.every((code) => code === 'limited'), codes.join())
  assert.equal(viewer.connection.status, 'live')
})
