import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveStatus } from '../../src/archive/status.ts'
import { verifyArchive } from '../../src/archive/verify.ts'
import { Api } from '../../src/client/api.ts'
import { openObjects } from '../../src/store/objects/open.ts'
import { requires } from '../support/requires.ts'
import { s3Place } from '../support/s3.ts'
import { ServerProcess } from '../support/server.ts'

const PLACEMENTS = 40

test('[A20] a server archives into S3, frees its log, and reads its past from there', {
  skip: requires('s3'),
}, async (t) => {
  const place = s3Place(t)
  const { bucket, prefix, endpoint = '', region = '' } = place
  const query = new URLSearchParams({ endpoint, region })
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env
  const server = await ServerProcess.start(t, {
    SPATE_OBJECTS: `s3://${bucket}/${prefix.replace(/\/$/, '')}?${query}`,
    SPATE_PLAYER_RATE: '0',
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
  })
  const headers = { authorization: `Bearer ${await server.adminToken()}` }
  const api = new Api({ baseUrl: server.url, headers })
  await api.request('POST', '/api/boards', { id: 'kept', width: 50, height: 50 })
  for (let i = 0; i < PLACEMENTS; i++) {
    await api.request('POST', '/api/boards/kept/edit', { x: i % 50, y: i % 7, c: 1 + (i % 9) })
  }
  const past = async (): Promise<Buffer> => {
    const response = await fetch(`${server.url}/api/boards/kept/image.png?at=${PLACEMENTS / 2}`)
    assert.equal(response.status, 200)
    return Buffer.from(await response.arrayBuffer())
  }
  const before = await past()
  await api.request('POST', '/api/archive/seal')
  const trimmed = await api.json<{ trimmed: number }>('POST', '/api/boards/kept/trim', {})
  assert.equal(trimmed.trimmed, PLACEMENTS)
  assert.deepEqual(await past(), before)

  await using objects = await openObjects(place)
  assert.deepEqual((await verifyArchive(objects, () => {})).flaws, [])
  const kept = (await archiveStatus(objects)).streams.find(({ stream }) => stream === 'board/kept')
  assert.deepEqual([kept?.placements, kept?.sealedUpTo], [PLACEMENTS, PLACEMENTS + 1])
})
