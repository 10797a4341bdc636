import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerProcess } from '../support/server.ts'

test('[O3] a second start on a folder in use says whose it is and ends; after a SIGKILL it is free at once', async (t) => {
  const server = await ServerProcess.start(t)
  const env = { SPATE_DATA: server.dataFolder }
  await assert.rejects(ServerProcess.start(t, env), (error: Error) => {
    assert.match(error.message, /^the server ended \(1\) before it listened: spate: the data folder /)
    assert.ok(error.message.includes(`is in use by process ${server.pid} (${server.url})`))
    assert.ok(error.message.includes('choose another folder with SPATE_DATA'))
    return true
  })
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, 'the first goes on')

  await server.end('SIGKILL')
  const next = await ServerProcess.start(t, env)
  assert.equal((await fetch(`${next.url}/readyz`)).status, 200)
})
