import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { ServerProcess } from '../support/server.ts'
import { assertUnharmed, problemIn } from './harm.ts'
import { answerIn, untilClosed } from './raw-connection.ts'

const LIMIT = 40
/** As long as a head may take, as long as a whole request may, and how often the server looks. */
const HEAD_MS = 10_000
const REQUEST_MS = 30_000
const LOOKS_MS = 2_000
const SLACK_MS = 10_000
const TRICKLE_MS = 200
const [HERE, ELSEWHERE] = ['127.0.0.1', '127.0.0.2'] as const

const HEAD = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
const BODY =
  'POST /api/boards/lobby/edit HTTP/1.1\r\nHost: localhost\r\n' +
  'Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n'

interface Slow {
  readonly socket: Socket
  /** How long the server bore with it, and what it said at the end. */
  readonly ended: Promise<{ afterMs: number; said: Buffer }>
}

/** Sends `opening`, then a byte now and then, if there is anything to send at all. */
async function slowSender(url: string, opening: string): Promise<Slow> {
  const { port } = new URL(url)
  const startMs = performance.now()
  const socket = connect({ host: HERE, port: Number(port), localAddress: HERE, noDelay: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(opening)
  const trickle = opening === '' ? undefined : setInterval(() => socket.write('x'), TRICKLE_MS)
  const ended = untilClosed(socket).then((said) => {
    clearInterval(trickle)
    return { afterMs: performance.now() - startMs, said }
  })
  return { socket, ended }
}

/** The status of a request from an address; rejects when the server hangs up. */
async function statusFrom(localAddress: string, url: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const asked = request(`${url}/healthz`, { localAddress, agent: false }, (answer) => {
    answer.resume()
    resolve(answer.statusCode)
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

test('[O8] who sends a request too slowly is cut off; meanwhile an address has its limit and others are served', {
  skip: process.platform === 'linux' ? false : 'only Linux has a second address of loopback',
}, async (t) => {
  const server = await ServerProcess.start(t, { SPATE_MAX_CONNECTIONS_PER_ADDRESS: String(LIMIT) })
  const openings = Array.from({ length: LIMIT }, (_, i) => (i % 2 === 0 ? HEAD : ''))
  const slow = await Promise.all(openings.map((opening) => slowSender(server.url, opening)))
  t.after(() => slow.map(({ socket }) => socket.destroy()))

  await assert.rejects(statusFrom(HERE, server.url), { code: 'ECONNRESET' })
  assert.equal(await statusFrom(ELSEWHERE, server.url), 200)
  for (const { afterMs, said } of await Promise.all(slow.map(({ ended }) => ended))) {
    const answer = answerIn(said)
    assert.ok(answer !== undefined)
    assert.equal(problemIn(answer).status, 408)
    assert.ok(afterMs > HEAD_MS - LOOKS_MS && afterMs < HEAD_MS + LOOKS_MS + SLACK_MS, `after ${afterMs} ms`)
  }
  assert.equal(await statusFrom(HERE, server.url), 200)
  await assertUnharmed(server)
})

test('[O8] a body that trickles in is cut off, too', {
  skip: process.env.SPATE_TEST_LONG === '1' ? false : 'takes 32 s (SPATE_TEST_LONG=1)',
}, async (t) => {
  const server = await ServerProcess.start(t)
  const { socket, ended } = await slowSender(server.url, BODY)
  t.after(() => socket.destroy())
  const { afterMs, said } = await ended
  const answer = answerIn(said)
  assert.ok(answer !== undefined)
  assert.equal(problemIn(answer).status, 408)
  assert.ok(
    afterMs > REQUEST_MS - LOOKS_MS && afterMs < REQUEST_MS + LOOKS_MS + SLACK_MS,
    `after ${afterMs} ms`,
  )
  await assertUnharmed(server)
})
