import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../../test/support/tmp.ts'
import { bytesOf } from './contract.ts'
import { FolderObjects } from './folder.ts'
import { openObjects } from './open.ts'
import { S3Objects } from './s3-objects.ts'
import { parseObjectsPlace } from './url.ts'

test('[T13] what a place names is opened: a folder at once, a service when it is first needed', async (t) => {
  const folder = join(tempFolder(t), 'objects')
  await using inFolder = await openObjects(parseObjectsPlace(folder))
  assert.ok(inFolder instanceof FolderObjects)
  await inFolder.put('a', bytesOf('x'))

  // Nobody listens there, and nobody is asked.
  await using inS3 = await openObjects(parseObjectsPlace('s3://bucket?endpoint=http://127.0.0.1:1'))
  assert.ok(inS3 instanceof S3Objects)
})
