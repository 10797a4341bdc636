import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LostFrame } from '../../src/capture/place/lost-frames.ts'
import type { JobsAnswer } from '../../src/client/jobs.ts'
import { CapturingServer, eventually } from '../support/capturing.ts'
import { deadFrames } from '../support/dead-jobs.ts'

/** Nobody listens there. */
const lost = (capture: string, n: number): LostFrame => ({
  capture,
  canvas: 0,
  url: `http://127.0.0.1:9/${capture}-${n}.png`,
})

const NONE = { waiting: 0, retrying: 0, running: 0, dead: 0 }

test('[K58] the organiser sees jobs by kind and by capture, tries them again and drops them', async (t) => {
  const frames = [lost('river', 1), lost('river', 2), lost('place', 1)]
  const server = await CapturingServer.start(t, {}, (folder) => deadFrames(folder, frames, 'HTTP 410'))
  const admin = await server.admin()
  const jobs = async (query = ''): Promise<JobsAnswer> => {
    const answer = await admin.get(`/api/jobs${query}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json<JobsAnswer>()
  }
  assert.equal((await server.client.get('/api/jobs')).status, 401)

  const all = await jobs()
  assert.deepEqual(all.counts, { 'lost-frame': { ...NONE, dead: 3 } })
  assert.deepEqual(all.captures, { river: { ...NONE, dead: 2 }, place: { ...NONE, dead: 1 } })
  assert.deepEqual(
    all.jobs.map(({ state, reason, attempts }) => [state, reason, attempts]),
    Array(3).fill(['dead', 'HTTP 410', 1]),
  )
  const { jobs: ofPlace } = await jobs('?capture=place&state=dead')
  assert.deepEqual(
    ofPlace.map(({ data }) => data),
    [lost('place', 1)],
  )
  const listed = await server.spate('jobs', 'list', '--capture', 'place')
  assert.equal(listed.code, 0, listed.stderr)
  assert.match(listed.stdout.toString(), /\/place-1\.png.*HTTP 410/)
  assert.doesNotMatch(listed.stdout.toString(), /river-/)

  const dropped = await server.spate('jobs', 'drop', ofPlace[0]?.id ?? '')
  assert.equal(dropped.stdout.toString(), 'dropped 1 jobs\n')
  assert.deepEqual((await jobs()).captures, { river: { ...NONE, dead: 2 } })

  // Nothing is captured now, and they are done all the same: what comes of it takes the place of the old reason.
  const retried = await server.spate('jobs', 'retry', '--all', '--capture', 'river')
  assert.equal(retried.stdout.toString(), 'retried 2 jobs\n')
  await eventually('both were tried', async () =>
    (await jobs()).jobs.every(({ reason, state }) => reason !== 'HTTP 410' && state !== 'waiting'),
  )
  assert.equal((await server.spate('jobs', 'drop', '--all', 'x')).code, 1)
})
