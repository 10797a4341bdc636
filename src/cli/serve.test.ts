import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { HttpClient } from '../../test/support/http.ts'
import { ServerProcess } from '../../test/support/server.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { configVariables } from '../app/config.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command that ends by itself. */
function spate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...NODE_FLAGS, MAIN, ...args],
      { env: { ...NODE_ENV, PATH: process.env.PATH ?? '', ...env }, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

async function connects(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 2_000 })
  const outcome = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
    once(socket, 'timeout').then(() => false),
  ])
  socket.destroy()
  return outcome
}

test('[O20] --help lists every setting', async () => {
  const { code, stdout } = await spate(['serve', '--help'])
  assert.equal(code, 0)
  for (const { name, about } of configVariables()) {
    assert.match(stdout, new RegExp(`^ +${name} +${about.replaceAll(/[.*+?^$()|[\]{}]/g, '\\$&')}`, 'm'))
  }
})

test('[O20] a wrong setting ends the start with one message, which shows no secret', async (t) => {
  const { code, stdout, stderr } = await spate(['serve'], {
    SPATE_DATA: tempFolder(t),
    SPATE_PORT: 'web',
    SPATE_ADMIN_TOKEN: 'swordfish',
    SPATE_NONSENSE: '1',
  })
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    'spate: configuration:\n' +
      '  SPATE_PORT=web: expected a whole number from 0 to 65535\n' +
      '  SPATE_ADMIN_TOKEN=…: expected 16 to 256 letters, digits and signs, without spaces\n' +
      '  SPATE_NONSENSE: there is no such setting\n',
  )
})

test('[O21] [O22] [O23] [O25] a first start makes a lobby with the seed’s rule and shows the organiser’s token once; it listens on this machine alone', async (t) => {
  const server = await ServerProcess.start(t)
  const file = join(server.dataFolder, 'admin-token')
  const token = await server.adminToken()
  assert.match(token, /^spate_[\w-]{32}$/)
  for (const secret of ['admin-token', 'cookie-secret']) {
    assert.equal(statSync(join(server.dataFolder, secret)).mode & 0o777, 0o600)
  }
  assert.equal(server.stdout.split(token).length, 2)
  const client = new HttpClient(server.url, {})
  const lobby = (await client.get('/api/boards/lobby')).json()
  assert.deepEqual(lobby.extent, { left: 0, top: 0, width: 1000, height: 1000 })
  assert.equal((lobby.palette as number[]).length, 16)
  assert.deepEqual(lobby.rules, {
    cooldown: { kind: 'window', windowSeconds: 10, budget: 50, cost: 5, blankCost: 2 },
    undoSeconds: 5,
    activeZone: null,
  })

  const port = Number(new URL(server.url).port)
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address)
  assert.ok(await connects('127.0.0.1', port))
  for (const address of ['127.0.0.2', '::1', ...others]) assert.ok(!(await connects(address, port)), address)

  const second = await spate(['serve'], { SPATE_DATA: server.dataFolder, SPATE_PORT: '0' })
  assert.equal(second.code, 1)
  assert.match(second.stderr, new RegExp(`^spate: the data folder .* is in use by process ${server.pid} `))
  const taken = await spate(['serve'], { SPATE_DATA: tempFolder(t), SPATE_PORT: String(port) })
  assert.equal(taken.code, 1)
  assert.match(
    taken.stderr,
    /^spate: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\(SPATE_HOST, SPATE_PORT\)\n$/,
  )

  const painted = await client.post('/sp/edit?x=3&y=4&c=5')
  assert.equal(painted.status, 200)
  await TestSocket.open(t, `${server.url}/api/boards/lobby/live`)
  await server.end('SIGTERM')
  assert.deepEqual(await server.ended(), { code: 0, signal: null })
  assert.ok(!existsSync(join(server.dataFolder, 'server.json')))

  await server.start()
  assert.equal(server.stdout.includes(token), false)
  assert.equal(readFileSync(file, 'utf8').trim(), token)
  assert.equal((await client.get('/api/boards/lobby/cells/3/4')).json().color, 5)
  const admin = new HttpClient(server.url, { authorization: `Bearer ${token}` })
  assert.equal((await admin.get('/api/me')).json().admin, true)
})

test('[O27] the log and the secrets are a whole backup', async (t) => {
  const server = await ServerProcess.start(t)
  const client = new HttpClient(server.url, {})
  const me = await client.get('/api/me')
  const cookie = me.headers['set-cookie']?.split(';')[0] ?? ''
  const player = new HttpClient(server.url, { cookie })
  await player.put('/api/me', { name: 'Ann' })
  for (let i = 0; i < 20; i++) assert.equal((await player.place(i, 0, 5)).status, 200)
  const digest = (await client.get('/api/boards/lobby/digest')).json()
  await server.end('SIGTERM')
  const copy = tempFolder(t)
  for (const name of ['log', 'admin-token', 'cookie-secret']) {
    cpSync(join(server.dataFolder, name), join(copy, name), { recursive: true })
  }
  const restored = await ServerProcess.start(t, { SPATE_DATA: copy })
  assert.deepEqual((await new HttpClient(restored.url, {}).get('/api/boards/lobby/digest')).json(), digest)
  assert.deepEqual((await new HttpClient(restored.url, { cookie }).get('/api/me')).json(), {
    player: 1,
    name: 'Ann',
    admin: false,
  })
  assert.equal(await restored.adminToken(), await server.adminToken())
})

test('[O24] with its log in memory a server leaves nothing of it behind', async (t) => {
  const server = await ServerProcess.start(t, { SPATE_LOG: 'memory:' })
  const client = new HttpClient(server.url, {})
  assert.equal((await client.post('/sp/edit?x=3&y=4&c=5')).status, 200)
  await server.end('SIGINT')
  assert.deepEqual(await server.ended(), { code: 0, signal: null })
  assert.ok(!readdirSync(server.dataFolder).includes('log'))
  await server.start()
  assert.equal((await client.get('/api/boards/lobby/cells/3/4')).json().color, 0)
})

test('[H28] no secret is in the log, whatever the level and whoever asks for what', async (t) => {
  const admin = 'the-organisers-token-of-this-test'
  const secret = 'the-cookie-secret-of-this-test'
  const server = await ServerProcess.start(t, {
    SPATE_LOG_LEVEL: 'trace',
    SPATE_ADMIN_TOKEN: admin,
    SPATE_SECRET: secret,
    SPATE_TRUSTED_PROXIES: '127.0.0.1',
  })
  const visitor = new HttpClient(server.url, { 'x-forwarded-for': '203.0.113.7' })
  const me = await visitor.get('/api/me')
  const cookie = me.headers['set-cookie']?.split(';')[0] ?? ''
  const player = new HttpClient(server.url, { ...visitor.headers, cookie })
  const organiser = new HttpClient(server.url, { authorization: `Bearer ${admin}` })
  await player.place(1, 1, 1)
  const { token } = (await player.post('/api/me/tokens', { label: 'bot' })).json<{ token: string }>()
  const bot = new HttpClient(server.url, { authorization: `Bearer ${token}` })
  for (const client of [player, organiser, bot]) {
    await client.get('/api/me')
    await client.place(2, 2, 2)
    await client.place(-1, 0, 0)
    await client.get('/nope')
    await client.post('/api/boards/lobby/edit', '{', { 'content-type': 'application/json' })
    await client.post('/api/boards', { id: 'x' })
    await client.post('/sp/edit?x=1&y=1&c=3')
    const socket = await TestSocket.open(t, `${server.url}/api/boards/lobby/live`, {
      headers: client.headers,
    })
    await socket.next()
    socket.send(Buffer.of(1, 1, 0, 0, 0, 9, 0, 9, 0, 5))
    await socket.next()
    socket.send('nonsense')
    await socket.closed
  }
  await new HttpClient(server.url, { authorization: `Bearer ${token}x` }).get('/api/me')
  await server.end('SIGTERM')
  const said = server.stdout + server.stderr
  assert.match(said, /^\{"level":10|"level":20|"level":30/m, 'something was logged')
  const secrets = [
    admin,
    secret,
    token,
    cookie.slice('spate='.length),
    cookie.split('.')[1] ?? '',
    '203.0.113.7',
  ]
  for (const text of secrets) assert.ok(text.length > 8 && !said.includes(text), text)
  assert.ok(!readdirSync(server.dataFolder).some((name) => /token|secret/.test(name)))
})
