import { randomUUID } from 'node:crypto'
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, s3 } from '../../scripts/services/s3.mjs'
import { parseObjectsPlace, type S3Place } from '../../src/store/objects/url.ts'
import { type OwnService, ownService } from './own-service.ts'
import { serviceUrl } from './services.ts'
import type { Lifetime } from './tmp.ts'

/** A prefix of the test's own, emptied after it. Only for what `requires('s3')`. */
export function s3Place(t: Lifetime): S3Place {
  useTestCredentials()
  const place = { ...placeAt(serviceUrl('s3')), prefix: `test-${randomUUID()}/` }
  t.after(() => empty(place))
  return place
}

export interface OwnS3 extends OwnService {
  readonly place: S3Place
}

/** A service that the test may end as it likes. Only for what `requires('s3')`. */
export async function ownS3(t: Lifetime): Promise<OwnS3> {
  useTestCredentials()
  const service = await ownService(t, s3, 1)
  return { ...service, place: placeAt(service.url) }
}

/** For whoever speaks to the service past the store. */
export function s3Client({ endpoint, region }: S3Place): S3Client {
  return new S3Client({ endpoint: endpoint ?? '', region: region ?? 'us-east-1', forcePathStyle: true })
}

/** Another service than our own has credentials of its own. */
function useTestCredentials(): void {
  if (process.env.SPATE_TEST_S3) return
  process.env.AWS_ACCESS_KEY_ID = S3_ACCESS_KEY_ID
  process.env.AWS_SECRET_ACCESS_KEY = S3_SECRET_ACCESS_KEY
}

function placeAt(url: string): S3Place {
  const place = parseObjectsPlace(url)
  if (place.kind !== 's3') throw new Error(`${url} is no s3: address`)
  return place
}

async function empty(place: S3Place): Promise<void> {
  const client = s3Client(place)
  for (;;) {
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ Bucket: place.bucket, Prefix: place.prefix }),
    )
    if (Contents.length === 0) return client.destroy()
    const Objects = Contents.map(({ Key = '' }) => ({ Key }))
    await client.send(new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects, Quiet: true } }))
  }
}
