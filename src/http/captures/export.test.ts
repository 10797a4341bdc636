import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { eventually } from '../../../test/support/capturing.ts'
import { FakePlace } from '../../../test/support/fake-place.ts'
import { HttpServer } from '../../../test/support/http.ts'
import { decodeCaptureRecord } from '../../capture/codec.ts'
import { CaptureRecordType } from '../../capture/records.ts'
import { decodeRecords } from '../../log/record-stream.ts'

test('[K54] the organiser has a capture’s records as they are stored, and each frame by its hash', async (t) => {
  const [server, source] = await Promise.all([HttpServer.start(t), FakePlace.open(t)])
  const { pageUrl, queryUrl } = source.settings()
  const { captures } = server.services
  await captures.put('event', { kind: 'place', settings: { pageUrl, queryUrl } })
  await source.until(() => source.listeners(0).length === 2)
  await eventually('both full frames are stored', async () => {
    const { report } = await captures.status('event')
    return report.canvases[0]?.counts.stored === 2
  })
  await captures.remove('event')

  const answer = await server.admin.get('/api/captures/event/records')
  const batches = await Array.fromAsync(decodeRecords(toChunks(answer.bytes)))
  const records = batches.flat()
  assert.equal(records[0]?.type, CaptureRecordType.began)
  assert.equal(answer.headers['x-content-version'], String(records.at(-1)?.position))
  const hashes = records.flatMap(({ type, body }) => {
    const record = decodeCaptureRecord(type, body)
    return record.type === CaptureRecordType.fetched ? record.body.frames.map(({ sha256 }) => sha256) : []
  })
  assert.equal(hashes.length, 2)
  for (const hash of hashes) {
    const frame = await server.admin.get(`/api/captures/event/frames/${hash}`)
    assert.equal(frame.status, 200)
    assert.equal(createHash('sha256').update(frame.bytes).digest('hex'), hash)
  }
  // A part is not taken for the whole.
  await assert.rejects(Array.fromAsync(decodeRecords(toChunks(answer.bytes.subarray(0, -1)))))
  const paths = ['records', `frames/${hashes[0]}`].map((path) => `/api/captures/event/${path}`)
  for (const path of paths) assert.equal((await server.client().get(path)).status, 401)
  const nothing = ['nothing/records', `event/frames/${'0'.repeat(64)}`]
  for (const path of nothing) assert.equal((await server.admin.get(`/api/captures/${path}`)).status, 404)
})

async function* toChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
