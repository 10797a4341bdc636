import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { SpateError } from '../../base/errors.ts'
import { parseObjectsPlace } from './url.ts'

test('[T13] a path, and an address of a file, is a folder', () => {
  assert.deepEqual(parseObjectsPlace('objects'), { kind: 'folder', path: resolve('objects') })
  assert.deepEqual(parseObjectsPlace('/srv/objects'), { kind: 'folder', path: '/srv/objects' })
  assert.deepEqual(parseObjectsPlace('file:///srv/my%20objects'), { kind: 'folder', path: '/srv/my objects' })
})

test('[T13] s3 names a bucket, a prefix, and where it is if that is not Amazon', () => {
  assert.deepEqual(parseObjectsPlace('s3://events'), {
    kind: 's3',
    bucket: 'events',
    prefix: '',
    endpoint: undefined,
    region: undefined,
  })
  assert.deepEqual(
    parseObjectsPlace('s3://my.bucket/events/2026/?endpoint=http://127.0.0.1:9000&region=eu-central-1'),
    {
      kind: 's3',
      bucket: 'my.bucket',
      prefix: 'events/2026/',
      endpoint: 'http://127.0.0.1:9000/',
      region: 'eu-central-1',
    },
  )
})

test('[T13] what names no place is refused with what is expected, and never repeated', () => {
  for (const [text, expected] of [
    ['', /expected a folder/],
    ['gs://bucket', /expected a folder/],
    ['https://bucket.example', /expected a folder/],
    ['s3:', /bucket/],
    ['s3:bucket', /bucket/],
    ['s3://', /expected a folder|bucket/],
    ['s3://Bucket', /bucket/],
    ['s3://b', /bucket/],
    ['s3://bucket:80/', /bucket/],
    ['s3://bucket#part', /bucket/],
    ['s3://bucket/Upper', /prefix/],
    ['s3://bucket//a', /prefix/],
    ['s3://bucket/.a', /prefix/],
    [`s3://bucket/${'a/'.repeat(130)}`, /prefix/],
    ['s3://bucket?endpoint=127.0.0.1:9000', /endpoint is/],
    ['s3://bucket?endpoint=ftp://host', /endpoint is/],
    ['s3://bucket?endpoint=http://host/?a=b', /endpoint is/],
    ['s3://bucket?region=eu%20west', /region is/],
    ['s3://bucket?secret=hunter2', /no other parameter/],
    ['s3://id:hunter2@bucket', /credentials/],
    ['s3://bucket?endpoint=http://id:hunter2@host', /credentials/],
    ['file://host/objects', /file:/],
    ['file:///objects?region=a', /file:/],
  ] as const) {
    assert.throws(
      () => parseObjectsPlace(text),
      (error) => {
        assert.ok(error instanceof SpateError, text)
        assert.equal(error.code, 'invalid', text)
        assert.match(error.message, expected, text)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
  }
})
