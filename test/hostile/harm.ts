import assert from 'node:assert/strict'
import type { Problem } from '../../src/client/api.ts'
import type { ServerProcess } from '../support/server.ts'
import type { RawAnswer } from './raw-connection.ts'

/** The server runs, serves, and has not failed at anything. */
export async function assertUnharmed(server: ServerProcess): Promise<void> {
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  const image = await fetch(`${server.url}/api/boards/lobby/image.png`)
  assert.equal(image.status, 200)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.doesNotMatch(metrics, /^spate_problems\{code="internal"\}/m)
  assert.equal(server.stderr, '')
}

/** The problem document that an answer is. */
export function problemIn({ status, headers, body }: RawAnswer): Problem {
  assert.ok((status >= 400 && status < 500) || status === 503, `status ${status}: ${body}`)
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json\b/)
  // Its shape is what is asserted here.
  const problem = JSON.parse(body.toString()) as Problem
  assert.equal(problem.status, status)
  for (const key of ['type', 'title', 'detail', 'code'] as const) assert.equal(typeof problem[key], 'string')
  return problem
}
