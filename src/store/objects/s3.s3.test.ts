import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { type Fault, faultyProxy } from '../../../test/support/faulty-proxy.ts'
import { requires } from '../../../test/support/requires.ts'
import { ownS3, s3Client, s3Place } from '../../../test/support/s3.ts'
import { SpateError } from '../../base/errors.ts'
import { bytesOf, describeObjects, largeBody, listed, textOf } from './contract.ts'
import { S3_LIMITS } from './s3.ts'
import { PART_BYTES, S3Objects } from './s3-objects.ts'
import type { S3Place } from './url.ts'

const skip = requires('s3')
/** So that what does not answer is given up within a test's patience. */
const SHORT = { connectMs: 300, answerMs: 400, silenceMs: 400, attempts: 2 }

describeObjects('s3', { skip }, async (t) => openAt(t, s3Place(t)))

function openAt(t: TestContext, place: S3Place, limits = S3_LIMITS): S3Objects {
  const store = new S3Objects(place, limits)
  t.after(() => store[Symbol.asyncDispose]())
  return store
}

/** A store that reaches the service through a proxy. */
async function openFaulty(
  t: TestContext,
  place: S3Place,
  faultOf: (request: IncomingMessage) => Fault | undefined,
): Promise<S3Objects> {
  return openAt(t, { ...place, endpoint: await faultyProxy(t, place.endpoint ?? '', faultOf) })
}

async function unfinishedUploads(place: S3Place): Promise<number> {
  const client = s3Client(place)
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: place.bucket, Prefix: place.prefix }),
  )
  client.destroy()
  return Uploads.length
}

test('[T4] of puts of different bytes by several stores at once exactly one succeeds', {
  skip,
}, async (t) => {
  const place = s3Place(t)
  for (const length of [100, PART_BYTES + 1]) {
    const stores = [1, 2, 3].map(() => openAt(t, place))
    const puts = await Promise.allSettled(
      stores.map((store, i) => store.put(`of-${length}`, new Uint8Array(length).fill(i))),
    )
    assert.deepEqual(puts.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
  }
})

test('[T14] a service that is down is unavailable, and is used again when it is back', {
  skip,
}, async (t) => {
  const service = await ownS3(t)
  const store = openAt(t, service.place)
  await store.put('a', bytesOf('before'))
  await service.kill()

  const down = { code: 'unavailable', retryable: true }
  const startMs = performance.now()
  await Promise.all([
    assert.rejects(store.put('b', bytesOf('during')), down),
    assert.rejects(store.get('a'), down),
    assert.rejects(store.range('a', 0, 1), down),
    assert.rejects(store.head('a'), down),
    assert.rejects(listed(store, ''), down),
    assert.rejects(store.delete('a'), down),
    assert.rejects(openAt(t, service.place).get('a'), down),
  ])
  assert.ok(performance.now() - startMs < 5000)

  await service.start()
  await store.put('b', bytesOf('after'))
  assert.deepEqual([await textOf(store, 'a'), await textOf(store, 'b')], ['before', 'after'])
})

test('[T14] a service that does not answer is given up in time, and is used again when it does', {
  skip,
}, async (t) => {
  const service = await ownS3(t)
  const store = openAt(t, service.place, SHORT)
  await store.put('a', bytesOf('before'))
  await service.pause()
  const startMs = performance.now()
  await Promise.all([
    assert.rejects(store.put('b', bytesOf('during')), { code: 'unavailable' }),
    assert.rejects(store.get('a'), { code: 'unavailable' }),
  ])
  assert.ok(performance.now() - startMs < 4000)
  service.resume()
  await store.put('c', bytesOf('after'))
  assert.equal(await textOf(store, 'a'), 'before')
})

test('[T15] an upload that fails leaves nothing, neither an object nor parts', { skip }, async (t) => {
  const place = s3Place(t)
  const body = largeBody(3 * PART_BYTES + 1)
  let failing = 'partNumber=3'
  const store = await openFaulty(t, place, ({ url }) =>
    url?.includes(failing) ? { status: 400 } : undefined,
  )
  await assert.rejects(store.put('a', body), { code: 'storage-failed' })
  assert.equal(await store.head('a'), undefined)
  assert.equal(await unfinishedUploads(place), 0)

  failing = 'never'
  await store.put('a', body)
  assert.equal(Buffer.compare(await store.get('a'), body), 0)
  assert.equal(await unfinishedUploads(place), 0)
})

test('[T15] an upload that is refused because another was first leaves no parts', { skip }, async (t) => {
  const place = s3Place(t)
  const store = openAt(t, place)
  const bodies = [1, 2].map((value) => new Uint8Array(PART_BYTES + 1).fill(value))
  const puts = await Promise.allSettled(bodies.map((body) => store.put('a', body)))
  assert.deepEqual(puts.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.equal(await unfinishedUploads(place), 0)
})

test('[T15] of a service killed in an upload nothing is to be seen, and the upload can be done again', {
  skip,
}, async (t) => {
  const service = await ownS3(t)
  let isKilled = false
  const store = await openFaulty(t, service.place, ({ url }) => {
    if (url?.includes('partNumber=2') && !isKilled) {
      isKilled = true
      void service.kill()
    }
    return undefined
  })
  const body = largeBody(3 * PART_BYTES)
  await assert.rejects(store.put('a', body), { code: 'unavailable' })
  await service.stop()
  await service.start()
  const direct = openAt(t, service.place)
  assert.deepEqual(await listed(direct, ''), [])
  await direct.put('a', body)
  assert.equal(Buffer.compare(await direct.get('a'), body), 0)
})

for (const [service, hasConditions] of [
  ['a service', true],
  ['a service without conditional writes', false],
] as const) {
  test(`[T15] an answer of ${service} that got lost is no failure: the put finds its own bytes`, {
    skip,
  }, async (t) => {
    let lost = 0
    const store = await openFaulty(t, s3Place(t), ({ method, url, headers }) => {
      if (!hasConditions && headers['if-none-match'] !== undefined) return { status: 501 }
      const isPut = method === 'PUT' && url?.includes('/small')
      const isFinish = method === 'POST' && url?.includes('/large?uploadId')
      if (!isPut && !isFinish) return undefined
      if (lost++ % 2 === 0) return { cutAfterBytes: 0 }
      // As Amazon may say of an upload that was finished a moment ago.
      return isFinish ? { status: 404, code: 'NoSuchUpload' } : undefined
    })
    await store.put('small', bytesOf('small'))
    await store.put('large', largeBody(PART_BYTES + 1))
    assert.equal(lost, 4)
    assert.deepEqual(
      (await listed(store, '')).map(({ key }) => key),
      ['large', 'small'],
    )
  })
}

test('[T16] a body that breaks off is read on from there, and given up when it breaks off each time', {
  skip,
}, async (t) => {
  const place = s3Place(t)
  const body = largeBody(PART_BYTES)
  await openAt(t, place).put('a', body)
  const ranges: (string | undefined)[] = []
  let cuts = 2
  const store = await openFaulty(t, place, ({ method, url, headers }) => {
    if (method !== 'GET' || url?.includes('list-type')) return undefined
    ranges.push(headers.range)
    return cuts-- > 0 ? { cutAfterBytes: 1 << 20 } : undefined
  })
  assert.equal(Buffer.compare(await store.get('a'), body), 0)
  assert.deepEqual(ranges, [undefined, 'bytes=1048576-', 'bytes=2097152-'])
  cuts = 1
  const part = await store.range('a', 3, 4 << 20)
  assert.equal(Buffer.compare(part, body.subarray(3, 3 + (4 << 20))), 0)
  cuts = 100
  await assert.rejects(store.get('a'), { code: 'unavailable' })
})

for (const [what, isRefused] of [
  ['no conditional writes', () => true],
  ['conditional puts alone', (url) => url.includes('uploadId')],
] as const satisfies readonly (readonly [string, (url: string) => boolean])[]) {
  test(`[T17] on a service with ${what} a store keeps what is there`, { skip }, async (t) => {
    let refused = 0
    const store = await openFaulty(t, s3Place(t), ({ url = '', headers }) => {
      if (headers['if-none-match'] === undefined || !isRefused(url)) return undefined
      refused++
      return { status: 501 }
    })
    const refusal = { code: 'conflict' }
    for (const body of [bytesOf('first'), largeBody(PART_BYTES + 1)]) {
      const key = `of-${body.length}`
      await store.put(key, body)
      await store.put(key, body)
      await assert.rejects(store.put(key, bytesOf('other')), refusal)
      await assert.rejects(store.put(key, new Uint8Array(body.length)), refusal)
      assert.equal(Buffer.compare(await store.get(key), body), 0)
    }
    const puts = await Promise.allSettled(['1', '2', '3'].map((text) => store.put('at-once', bytesOf(text))))
    assert.equal(puts.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal(
      await textOf(store, 'at-once'),
      String(puts.findIndex(({ status }) => status === 'fulfilled') + 1),
    )
    // Once, to find out.
    assert.equal(refused, 1)
  })
}

async function withEnvironment(
  changes: Record<string, string | undefined>,
  work: () => Promise<void>,
): Promise<void> {
  const before = { ...process.env }
  const set = (values: Record<string, string | undefined>): void => {
    for (const name of Object.keys(changes)) {
      if (values[name] === undefined) delete process.env[name]
      else process.env[name] = values[name]
    }
  }
  set(changes)
  await work().finally(() => set(before))
}

test('[T18] wrong credentials are forbidden, and no error shows them', { skip }, async (t) => {
  const place = s3Place(t)
  for (const id of [process.env.AWS_ACCESS_KEY_ID ?? '', 'wrong-id-hunter2']) {
    const wrong = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: 'wrong-secret-hunter2' }
    await withEnvironment(wrong, async () => {
      const store = openAt(t, place)
      for (const ask of [
        () => store.put('a', bytesOf('x')),
        () => store.get('a'),
        () => store.head('a'),
        () => listed(store, ''),
      ]) {
        await assert.rejects(ask, (error) => {
          assert.ok(error instanceof SpateError)
          assert.equal(error.code, 'forbidden')
          const shown = inspect(error, { depth: 9, showHidden: true })
          assert.doesNotMatch(shown, /hunter2/)
          assert.ok(!shown.includes(id), shown)
          return true
        })
      }
    })
  }
})

test('[T18] without credentials nobody is asked', { skip }, async (t) => {
  const place = s3Place(t)
  const none = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SHARED_CREDENTIALS_FILE: '/none',
    AWS_CONFIG_FILE: '/none',
    // Else the chain ends with a question to the cloud's machine.
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  await withEnvironment(none, async () => {
    await assert.rejects(openAt(t, place).get('a'), { code: 'unauthorized', retryable: false })
  })
})

test('[T18] a bucket that is not there is named', { skip }, async (t) => {
  const store = openAt(t, { ...s3Place(t), bucket: 'no-such-bucket' })
  const refusal = { code: 'invalid', message: /no-such-bucket: NoSuchBucket/ }
  await assert.rejects(store.get('a'), refusal)
  await assert.rejects(store.head('a'), refusal)
  await assert.rejects(store.put('a', bytesOf('x')), refusal)
})
