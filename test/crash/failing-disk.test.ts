import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Api, ProblemError } from '../../src/client/api.ts'
import { requires } from '../support/requires.ts'
import { ServerProcess } from '../support/server.ts'
import { type Lifetime, tempFolder } from '../support/tmp.ts'
import { assertShows, remainsOf } from './inspection.ts'

const BOARD = 'free'

/** A server whose disk fails while a file of that name lies in `faults`. */
async function startOnFailingDisk(t: Lifetime): Promise<{ server: ServerProcess; faults: string }> {
  const faults = tempFolder(t)
  const library = join(tempFolder(t), 'failing-disk.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'failing-disk.c'), '-ldl'])
  const server = await ServerProcess.start(t, { LD_PRELOAD: library, FAILING_DISK: faults })
  return { server, faults }
}

async function apiOf(server: ServerProcess): Promise<Api> {
  return new Api({ baseUrl: server.url, headers: { authorization: `Bearer ${await server.adminToken()}` } })
}

/** Places a cell; the problem's words where it is refused. */
async function place(api: Api, x: number): Promise<string | undefined> {
  try {
    await api.request('POST', `/api/boards/${BOARD}/edit`, { x, y: 0, c: 1 })
    return undefined
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error))
    const { status, code, detail } = error.problem
    assert.deepEqual([status, code], [503, 'storage-failed'])
    return detail
  }
}

const skip = process.platform === 'linux' ? requires('compiler') : 'preloads a library as Linux does'

test('[O12] what a disk does not take is refused and nowhere; when it takes again, so does the server', {
  skip,
}, async (t) => {
  const { server, faults } = await startOnFailingDisk(t)
  const api = await apiOf(server)
  await api.request('POST', '/api/boards', { id: BOARD, width: 100, height: 100 })
  assert.equal(await place(api, 0), undefined)

  writeFileSync(join(faults, 'write'), '')
  for (const x of [1, 2, 3]) assert.match((await place(api, x)) ?? '', /^cannot write in .*log: /)
  assert.equal((await api.cell(BOARD, 0, 0)).color, 1)
  rmSync(join(faults, 'write'))
  assert.equal(await place(api, 4), undefined)

  await server.end('SIGKILL')
  const remains = await remainsOf(t, server.dataFolder, BOARD)
  await server.start()
  await assertShows(server, BOARD, remains)
  const colors = await Promise.all([0, 1, 2, 3, 4].map(async (x) => (await api.cell(BOARD, x, 0)).color))
  assert.deepEqual(colors, [1, 0, 0, 0, 1])
})

test('[O13] [H23] after a sync that failed nothing more is taken until a restart, /readyz says so, and nothing acknowledged is lost', {
  skip,
}, async (t) => {
  const { server, faults } = await startOnFailingDisk(t)
  const api = await apiOf(server)
  await api.request('POST', '/api/boards', { id: BOARD, width: 100, height: 100 })
  assert.equal(await place(api, 0), undefined)

  writeFileSync(join(faults, 'sync'), '')
  const words = /log could not be synced to disk \(.*\); restart after checking the disk$/
  for (const x of [1, 2]) assert.match((await place(api, x)) ?? '', words)
  rmSync(join(faults, 'sync'))
  assert.match((await place(api, 3)) ?? '', words)
  const ready = await fetch(`${server.url}/readyz`)
  assert.equal(ready.status, 503)
  assert.match(((await ready.json()) as { detail: string }).detail, words)
  assert.equal((await api.cell(BOARD, 0, 0)).color, 1)

  await server.end('SIGKILL')
  const remains = await remainsOf(t, server.dataFolder, BOARD)
  await server.start()
  await assertShows(server, BOARD, remains)
  assert.equal((await api.cell(BOARD, 0, 0)).color, 1)
  assert.equal(await place(api, 4), undefined)
})
