import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SpateError } from '../base/errors.ts'
import { decodePlayerRecord, encodePlayerRecord, type PlayerRecord, PlayerRecordType } from './records.ts'

/** One of each type. Stored logs hold these bytes: a change of a hash needs a new version. */
const PINNED: readonly [PlayerRecord, sha256: string][] = [
  [{ type: PlayerRecordType.joined, body: { keys: ['c:abc', 'a:def'] } }, '628e5134b153'],
  [{ type: PlayerRecordType.named, body: { player: 7, name: 'Ann' } }, '2467f35ac957'],
  [{ type: PlayerRecordType.tokenIssued, body: { player: 7, hash: 'h', label: 'bot' } }, '717d003a1ee5'],
  [{ type: PlayerRecordType.tokenRevoked, body: { hash: 'h' } }, '85c64c55c722'],
]

test('[P8] the records of players are stored as they ever were', () => {
  assert.deepEqual(
    PINNED.map(([{ type }]) => type),
    Object.values(PlayerRecordType),
  )
  for (const [record, sha256] of PINNED) {
    const bytes = encodePlayerRecord(record)
    assert.equal(createHash('sha256').update(bytes).digest('hex').slice(0, 12), sha256, `type ${record.type}`)
    assert.deepEqual(decodePlayerRecord(record.type, bytes), record)
  }
})

test('[P8] a later release’s record is refused with the upgrade, and what is none as corrupt', () => {
  const bytes = encodePlayerRecord({ type: PlayerRecordType.joined, body: { keys: [] } })
  const later = Buffer.from(bytes)
  later[0] = 2
  for (const [type, body, code] of [
    [PlayerRecordType.joined, later, 'newer-version'],
    [5, bytes, 'newer-version'],
    [0, bytes, 'newer-version'],
    [PlayerRecordType.joined, Buffer.of(1, 123), 'corrupt'],
    [PlayerRecordType.joined, Buffer.of(), 'corrupt'],
  ] as const) {
    assert.throws(
      () => decodePlayerRecord(type, body),
      (error) => {
        assert.ok(error instanceof SpateError)
        assert.equal(error.code, code)
        if (code === 'newer-version') assert.match(error.message, /upgrade Spate/)
        return true
      },
    )
  }
})
