/** How fast do objects get into a folder and an S3 service, durably, and out again? */
import { randomFillSync } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { s3 } from '../scripts/services/s3.mjs'
import { openObjects } from '../src/store/objects/open.ts'
import type { ObjectStore } from '../src/store/objects/port.ts'
import type { ObjectsPlace, S3Place } from '../src/store/objects/url.ts'
import { ownS3, s3Client } from '../test/support/s3.ts'
import { tempFolder } from '../test/support/tmp.ts'
import { bench, type Run } from './support/bench.ts'

interface Load {
  readonly name: string
  readonly bytes: number
  readonly count: number
}

/** Puts and gets of one key after the other. */
interface Way {
  put(key: string, body: Uint8Array): unknown
  get(key: string): unknown
}

/** MB/s of each. */
interface Speed {
  readonly put: number
  readonly get: number
}

async function measured(way: Way, { bytes, count }: Load): Promise<Speed> {
  const bodies = Array.from({ length: count }, () => randomFillSync(new Uint8Array(bytes)))
  const perSecond = async (work: (key: string, body: Uint8Array) => unknown): Promise<number> => {
    const startMs = performance.now()
    for (const [i, body] of bodies.entries()) await work(`object-${i}`, body)
    return (bytes * count) / (performance.now() - startMs) / 1000
  }
  const put = await perSecond((key, body) => way.put(key, body))
  return { put, get: await perSecond((key) => way.get(key)) }
}

interface Rival {
  /** What is done instead. */
  readonly put: string
  readonly get: string
  readonly way: (folder: string) => Way
}

function plainFiles(folder: string): Way {
  return {
    put(key, body) {
      const file = openSync(join(folder, key), 'wx')
      for (let written = 0; written < body.length; ) written += writeSync(file, body, written)
      fdatasyncSync(file)
      closeSync(file)
    },
    get: (key) => readFileSync(join(folder, key)),
  }
}

/** Whole, unsigned, without a condition, into a bucket that everybody may write to. */
function plainRequests({ endpoint, bucket }: S3Place): Way {
  const url = (key: string): string => `${endpoint}${bucket}/${key}`
  const succeeded = async (asked: Promise<Response>): Promise<ArrayBuffer> => {
    const answer = await asked
    if (!answer.ok) throw new Error(`the S3 service answers ${answer.status}: ${await answer.text()}`)
    return answer.arrayBuffer()
  }
  return {
    put: (key, body) => succeeded(fetch(url(key), { method: 'PUT', body: Buffer.from(body.buffer) })),
    get: (key) => succeeded(fetch(url(key))),
  }
}

async function letEverybodyWrite(place: S3Place): Promise<void> {
  const client = s3Client(place)
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: ['s3:PutObject', 's3:GetObject'],
        Resource: `arn:aws:s3:::${place.bucket}/*`,
      },
    ],
  })
  await client.send(new PutBucketPolicyCommand({ Bucket: place.bucket, Policy }))
  client.destroy()
}

/** The rival is measured before and after, each time on names of its own. */
async function compare(
  run: Run,
  what: string,
  place: (folder: string) => ObjectsPlace,
  rival: Rival,
  load: Load,
): Promise<void> {
  const folders = ['before', 'after'].map(
    (name) => `${what}-${load.name.replaceAll(' ', '-').toLowerCase()}-${name}`,
  )
  const speeds: Speed[] = []
  const measureRival = async (folder: string | undefined): Promise<void> => {
    speeds.push(await measured(rival.way(folder ?? ''), load))
  }
  await measureRival(folders[0])
  await using store: ObjectStore = await openObjects(place(`${folders[0]}-objects`))
  // The first of a store's requests find out what the service can.
  await store.put('first', new Uint8Array(0))
  const own = await measured(store, load)
  await measureRival(folders[1])
  for (const direction of ['put', 'get'] as const) {
    run.row({
      name: `objects: ${direction}, ${what}, ${load.count} of ${load.name}`,
      value: own[direction],
      unit: 'MB/s',
      rival: rival[direction],
      rivalValue: speeds.reduce((sum, speed) => sum + speed[direction], 0) / speeds.length,
    })
  }
}

await bench(async (run) => {
  const loads: readonly Load[] = [
    { name: '16 KiB', bytes: 16 << 10, count: run.size(500, 20) },
    { name: '64 MiB', bytes: run.size(64 << 20, 9 << 20), count: run.size(6, 1) },
  ]
  run.note('objects: random bytes, one call after the other; the S3 service does not sync what it is given')
  const root = tempFolder(run)
  const inFolder = (folder: string): ObjectsPlace => ({ kind: 'folder', path: join(root, folder) })
  const files: Rival = {
    put: 'write and fdatasync of a plain file',
    get: 'readFile',
    way: (folder) => {
      mkdirSync(join(root, folder))
      return plainFiles(join(root, folder))
    },
  }
  for (const load of loads) await compare(run, 'folder', inFolder, files, load)

  if (!(await s3.isInstalled())) {
    run.note('objects: no S3 service is installed (npm run services -- install s3), so it is not measured')
    return
  }
  const { place } = await ownS3(run)
  await letEverybodyWrite(place)
  const inBucket = (folder: string): ObjectsPlace => ({ ...place, prefix: `${folder}/` })
  const requests: Rival = {
    put: 'PUT by fetch',
    get: 'GET by fetch',
    way: (folder) => plainRequests({ ...place, bucket: `${place.bucket}/${folder}` }),
  }
  for (const load of loads) await compare(run, 's3', inBucket, requests, load)
})
