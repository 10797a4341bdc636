import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { spate } from '../../../test/support/cli.ts'
import { ServerProcess } from '../../../test/support/server.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { Api } from '../../client/api.ts'
import { Crowd, type CrowdOptions } from './crowd.ts'

const SMALL: CrowdOptions = {
  board: 'lobby',
  players: 3,
  viewers: 5,
  // More than the lobby's limit lets through, also where two of its windows meet.
  rate: 250,
  seconds: 1,
  stalls: 0.4,
  reconnects: 120,
  seed: 3,
}

function argumentsOf({ board, ...numbers }: CrowdOptions): string[] {
  return [
    '--board',
    board,
    ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ]
}

test('[V28] a crowd places, stalls and drops, and every viewer ends with the board', async (t) => {
  const server = await ServerProcess.start(t)
  const run = await spate(tempFolder(t), 'sim', 'crowd', '--url', server.url, ...argumentsOf(SMALL))
  const lines = run.stdout.toString().split('\n')
  assert.equal(run.code, 0, run.stderr)
  assert.equal(lines[0], 'crowd on lobby: 3 players, 5 viewers, 250 edits/s for 1 s, seed 3')
  const [, sent, accepted] = /^edits {4}(\d+) sent: .*?(\d+) accepted/.exec(lines[1] ?? '') ?? []
  assert.ok(Number(sent) > 50 && Number(accepted) > 10, lines[1])
  assert.match(lines[1] ?? '', /\d+ coolingDown/)
  assert.match(lines[2] ?? '', /^latency {2}p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/)
  assert.match(
    lines[3] ?? '',
    /^viewers {2}\d+ frames with \d+ cells, \d+ stalls, \d+ reconnects, 0 resyncs$/,
  )
  const { position } = await new Api({ baseUrl: server.url }).digest('lobby')
  assert.equal(lines[4], `check    5 of 5 viewers show the board as of position ${position}`)
})

test('[V28] a crowd without a server to go to says so in a sentence', async (t) => {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  // As listening sockets have it.
  const { port } = free.address() as AddressInfo
  free.close()
  await once(free, 'close')
  const url = `http://127.0.0.1:${port}`
  const { code, stderr } = await spate(tempFolder(t), 'sim', 'crowd', '--url', url)
  assert.equal(code, 1)
  assert.match(stderr, /^spate: no answer from the server: .*ECONNREFUSED.*\n$/)
})

/** An API that answers as the server does, but shows those who load the board a cell that is not so. */
function tampered(baseUrl: string): Api {
  return new Api({
    baseUrl,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (!/\/chunks\/\d+\/\d+$/.test(String(input))) return response
      const colors = new Uint8Array(await response.arrayBuffer())
      colors[65_535] = 9
      return new Response(colors, { headers: response.headers })
    },
  })
}

test('[V28] a viewer that shows anything else is found', async (t) => {
  const server = await ServerProcess.start(t)
  const admin = new Api({
    baseUrl: server.url,
    headers: { authorization: `Bearer ${await server.adminToken()}` },
  })
  await admin.request('POST', '/api/boards', { id: 'small', width: 100, height: 100 })
  await admin.request('POST', '/api/boards/small/edit', { x: 1, y: 1, c: 5 })
  const options = { ...SMALL, board: 'small', seconds: 0 }
  using crowd = new Crowd(tampered(server.url), options)
  await crowd.join()
  const { reference, right } = await crowd.settle(1_000)
  assert.equal(reference?.position, (await admin.digest('small')).position)
  assert.equal(right, 0)
})

test('[V28] another machine, and more than is fair, are refused', async (t) => {
  const run = (...args: string[]) => spate(tempFolder(t), 'sim', 'crowd', ...args)
  const remote = await run('--url', 'http://192.0.2.1:8080')
  assert.deepEqual(
    [remote.code, remote.stderr],
    [1, 'spate: 192.0.2.1 is another machine: say --allow-remote if that is what you mean\n'],
  )
  const lookalike = await run('--url', 'http://127.0.0.1.example.org')
  assert.match(lookalike.stderr, /127\.0\.0\.1\.example\.org is another machine/)
  assert.match((await run('--viewers', '10001')).stderr, /At most 10000/)
  assert.match((await run('--players', '1.5')).stderr, /Expected a whole number/)
  assert.match((await run('--stalls', '2')).stderr, /Expected a share from 0 to 1/)
})
