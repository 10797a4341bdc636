import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, truncateSync, utimesSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fillDisk } from '../../../test/support/ballast.ts'
import { requires } from '../../../test/support/requires.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { tmpfs } from '../../../test/support/tmpfs.ts'
import { bytesOf, describeObjects, largeBody, listed, textOf } from './contract.ts'
import { FolderObjects } from './folder.ts'
import { MAX_OBJECT_BYTES } from './port.ts'

const UNFINISHED = '.unfinished'

describeObjects('folder', { skip: false }, async (t) => FolderObjects.open(tempFolder(t)))

/** The number of a process that has ended. */
function endedPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

test('[T1] a folder opened again has what was put, each object a file at its key', async (t) => {
  const folder = join(tempFolder(t), 'new', 'objects')
  await FolderObjects.open(folder).put('a/b.bin', bytesOf('kept'))
  assert.equal(await textOf(FolderObjects.open(folder), 'a/b.bin'), 'kept')
  assert.deepEqual(readdirSync(join(folder, 'a')), ['b.bin'])
})

test('[T9] an object that another program made too large is read in ranges', async (t) => {
  const folder = tempFolder(t)
  const store = FolderObjects.open(folder)
  writeFileSync(join(folder, 'large'), '')
  truncateSync(join(folder, 'large'), MAX_OBJECT_BYTES + 1)
  await assert.rejects(store.get('large'), { code: 'too-large', retryable: false })
  assert.equal((await store.range('large', MAX_OBJECT_BYTES - 1, 5)).length, 2)
})

test('[T10] what ended processes left unfinished is out of sight, and removed when the folder is opened', async (t) => {
  const folder = tempFolder(t)
  const store = FolderObjects.open(folder)
  await store.put('a', bytesOf('whole'))
  const aside = join(folder, UNFINISHED)
  const names = [
    `${endedPid()}-x`,
    `${process.pid}-before`,
    `${process.pid}-now`,
    `${process.ppid}-x`,
    'no-number',
  ]
  for (const name of names) writeFileSync(join(aside, name), 'half')
  utimesSync(join(aside, `${process.pid}-before`), 1, 1)
  assert.deepEqual(await listed(store, ''), [{ key: 'a', bytes: 5 }])

  FolderObjects.open(folder)
  assert.deepEqual(readdirSync(aside).sort(), [`${process.pid}-now`, `${process.ppid}-x`].sort())
})

test('[T10] a put whose unfinished file is taken away writes it again', async (t) => {
  const folder = tempFolder(t)
  const store = FolderObjects.open(folder)
  const aside = join(folder, UNFINISHED)
  const body = largeBody(9 << 20)
  const written = new Set<string>()
  const watcher = watch(aside, (_, name) => {
    if (written.size === 0) rmSync(join(aside, name ?? ''))
    written.add(name ?? '')
  })
  t.after(() => watcher.close())
  await store.put('a', body)
  assert.equal(written.size, 2)
  assert.equal(Buffer.compare(await store.get('a'), body), 0)
  assert.deepEqual(readdirSync(aside), [])
})

test('[T10] of a process killed while it puts, all that was acknowledged is there, and nothing half', async (t) => {
  const folder = tempFolder(t)
  const body = largeBody(1 << 20)
  const program = `
    import { largeBody } from '${join(import.meta.dirname, 'contract.ts')}'
    import { FolderObjects } from '${join(import.meta.dirname, 'folder.ts')}'
    const store = FolderObjects.open(${JSON.stringify(folder)})
    const body = largeBody(${body.length})
    const put = async (lane) => {
      for (let i = 0; ; i++) {
        await store.put(\`\${lane}/\${i}\`, body)
        process.stdout.write(\`\${lane}/\${i}\\n\`)
      }
    }
    await Promise.all([put('a'), put('b'), put('c')])
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.after(() => child.kill('SIGKILL'))
  const acknowledged: string[] = []
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line)
    if (acknowledged.length === 25) child.kill('SIGKILL')
  }
  await ended
  assert.ok(acknowledged.length >= 25)

  const store = FolderObjects.open(folder)
  assert.deepEqual(readdirSync(join(folder, UNFINISHED)), [])
  const entries = await listed(store, '')
  const keys = entries.map(({ key }) => key)
  assert.deepEqual(
    acknowledged.filter((key) => !keys.includes(key)),
    [],
  )
  for (const { key } of entries) assert.equal(Buffer.compare(await store.get(key), body), 0, key)
})

test('[T11] a full disk refuses a put, which leaves nothing behind, and takes it once there is room', {
  skip: requires('tmpfs'),
}, async (t) => {
  const disk = tmpfs(t, 8 << 20)
  const folder = join(disk, 'objects')
  const store = FolderObjects.open(folder)
  await store.put('a/first', bytesOf('first'))
  const empty = fillDisk(disk)
  const body = largeBody(1 << 20)
  for (let i = 0; i < 3; i++) {
    await assert.rejects(store.put('b/second', body), { code: 'storage-full', retryable: true })
  }
  assert.deepEqual(await listed(store, ''), [{ key: 'a/first', bytes: 5 }])
  assert.deepEqual(readdirSync(join(folder, UNFINISHED)), [])
  assert.equal(await textOf(store, 'a/first'), 'first')
  await store.put('a/first', bytesOf('first'))

  empty()
  await store.put('b/second', body)
  assert.equal(Buffer.compare(await store.get('b/second'), body), 0)
})

test('[T12] an object is no folder: what would lie below one, or where others lie below, is refused', async (t) => {
  const store = FolderObjects.open(tempFolder(t))
  const refusal = { code: 'invalid', retryable: false }
  await store.put('a', bytesOf('object'))
  await store.put('b/c/d', bytesOf('below'))
  await assert.rejects(store.put('a/b', bytesOf('x')), refusal)
  await assert.rejects(store.put('a/b/c', bytesOf('x')), refusal)
  await assert.rejects(store.put('b', bytesOf('x')), refusal)
  await assert.rejects(store.put('b/c', bytesOf('x')), refusal)
  assert.deepEqual(
    (await listed(store, '')).map(({ key }) => key),
    ['a', 'b/c/d'],
  )
})

test('[T12] what is not an object is not listed', async (t) => {
  const folder = tempFolder(t)
  const store = FolderObjects.open(folder)
  await store.put('a/b', bytesOf('object'))
  mkdirSync(join(folder, 'a', 'empty'))
  for (const name of ['.hidden', 'Upper', 'a b', 'lost+found']) writeFileSync(join(folder, 'a', name), 'x')
  assert.deepEqual(await listed(store, ''), [{ key: 'a/b', bytes: 6 }])
})

test('[T11] a folder that cannot be made says so', (t) => {
  const file = join(tempFolder(t), 'file')
  writeFileSync(file, 'x')
  assert.throws(() => FolderObjects.open(join(file, 'objects')), { code: 'storage-failed' })
})
