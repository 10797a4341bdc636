import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Api, ProblemError } from '../../src/client/api.ts'
import { gauge } from '../support/metrics.ts'
import { ServerProcess } from '../support/server.ts'
import { Viewer } from '../support/viewer.ts'

const BOARD = 'vast'
const SIDE = 65_536
const LEFT = -32_768
const PAINTED = 10
/** Ten chunks of 65,536 cells of 13 bytes are 8.5 MB; the rest is what the server uses to work. */
const MOST_MB = 100

/** Far apart, the corners among them. */
const cells = Array.from({ length: PAINTED }, (_, i) => {
  const step = Math.floor(((SIDE - 1) * i) / (PAINTED - 1))
  return { x: LEFT + step, y: i % 2 === 0 ? step : SIDE - 1 - step, color: 1 + i }
})

async function rssMb(url: string): Promise<number> {
  return (await gauge(url, 'process_resident_memory_bytes')) / 2 ** 20
}

test('[O11] a board of 65,536² costs what is painted on it: ten cells, megabytes', async (t) => {
  const server = await ServerProcess.start(t)
  const api = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  const beforeMb = await rssMb(server.url)
  await api.request('POST', '/api/boards', { id: BOARD, width: SIDE, height: SIDE, left: LEFT })
  const viewer = await Viewer.watch(t, server.url, BOARD)
  for (const { x, y, color } of cells) {
    assert.equal((await viewer.connection.place(x, y, color)).verdict, 'accepted')
  }

  const digest = await api.digest(BOARD)
  await viewer.reached(digest.position)
  assert.equal(viewer.colors, digest.colors)
  assert.equal((await api.chunkIndexes(BOARD)).chunks.length, PAINTED)
  for (const { x, y, color } of cells) assert.equal((await api.cell(BOARD, x, y)).color, color)
  const whole = await api.request('GET', `/api/boards/${BOARD}/image.png`).then(
    () => assert.fail('a whole image was drawn'),
    (reason: unknown) => reason,
  )
  assert.ok(whole instanceof ProblemError)
  assert.equal(whole.problem.status, 413)
  assert.match(whole.problem.detail, /ask for an area or for chunks$/)
  const { x, y } = cells[3]!
  const part = await api.request('GET', `/api/boards/${BOARD}/image.png?left=${x}&top=${y}&width=9&height=9`)
  assert.equal(part.headers.get('content-type'), 'image/png')
  const grownMb = (await rssMb(server.url)) - beforeMb

  await server.end('SIGTERM')
  const startMs = performance.now()
  await server.start()
  const startedMs = performance.now() - startMs
  assert.deepEqual(await api.digest(BOARD), digest)
  const newcomer = await Viewer.watch(t, server.url, BOARD)
  assert.equal(newcomer.colors, digest.colors)
  const { verdict, position } = await newcomer.connection.place(LEFT, 0, 9)
  assert.equal(verdict, 'accepted')
  await viewer.reached(position)
  assert.equal(viewer.colors, (await api.digest(BOARD)).colors, 'who was there before sees it, too')
  t.diagnostic(
    `${grownMb.toFixed(1)} MB more with it than without; started again in ${startedMs.toFixed(0)} ms with ${(await rssMb(server.url)).toFixed(0)} MB`,
  )
  assert.ok(grownMb < MOST_MB, `${grownMb} MB`)
})
