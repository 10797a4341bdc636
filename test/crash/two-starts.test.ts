import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ServerProcess } from '../support/server.ts'

test('[O3] a second start on a folder in use says whose it is and ends; after a SIGKILL it is free at once', async (t) => {
  const server = await ServerProcess.start(t)
  const env = { SPATE_DATA: server.dataFolder }
  const refusal = async (owner: string): Promise<void> => {
    const message =
      `the server ended (1) before it listened: spate: the data folder ${server.dataFolder} is in use by ` +
      `${owner}; stop it, or choose another folder with SPATE_DATA\n`
    await assert.rejects(ServerProcess.start(t, env), { message })
  }
  await refusal(`process ${server.pid} (${server.url})`)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, 'the first goes on')

  await writeFile(join(server.dataFolder, 'server.json'), '')
  await refusal('another process')

  await server.end('SIGKILL')
  const next = await ServerProcess.start(t, env)
  assert.equal((await fetch(`${next.url}/readyz`)).status, 200)
})
