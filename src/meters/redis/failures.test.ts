import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorReply } from '@redis/client'
import { SpateError } from '../../base/errors.ts'
import { failureOf } from './failures.ts'

const REPLIES = {
  "OOM command not allowed when used memory > 'maxmemory'.": 'storage-full',
  'WRONGTYPE Operation against a key holding the wrong kind of value': 'corrupt',
  'NOAUTH Authentication required.': 'storage-failed',
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk":
    'storage-failed',
  'LOADING Redis is loading the dataset in memory': 'unavailable',
  "READONLY You can't write against a read only replica.": 'unavailable',
  'CLUSTERDOWN The cluster is down': 'unavailable',
  'BUSY Redis is busy running a script.': 'unavailable',
  "ERR unknown command 'EVALSHA_RO'": 'storage-failed',
} as const

test('[M41] every reply of Redis has a code, and a connection that fails is unavailable', () => {
  for (const [reply, code] of Object.entries(REPLIES)) {
    const error = failureOf(new ErrorReply(reply), 'redis:6379')
    assert.deepEqual([error.code, error.message.includes('Redis at redis:6379')], [code, true])
  }
  assert.equal(failureOf(new Error('Socket closed unexpectedly'), 'a').code, 'unavailable')
  const own = new SpateError('conflict', 'ours')
  assert.equal(failureOf(own, 'a'), own)
})
