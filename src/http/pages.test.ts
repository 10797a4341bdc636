import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { tempFolder } from '../../test/support/tmp.ts'

test('[H25] pages of statistics and of captures lie at their own addresses, under the same policy', async (t) => {
  const pageFolder = tempFolder(t)
  mkdirSync(join(pageFolder, 'assets'))
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>Spate</title>')
  writeFileSync(join(pageFolder, 'stats.html'), '<!doctype html><title>Statistics</title>')
  writeFileSync(join(pageFolder, 'captures.html'), '<!doctype html><title>Captures</title>')
  const server = await HttpServer.withLobby(t, {}, { pageFolder })
  const board = await server.client().get('/')
  const stats = ['/boards/lobby/stats', '/boards/lobby/stats/', '/meters', '/meters/steps?show=week']
  for (const path of [...stats, '/captures']) {
    const page = await server.client().get(path)
    assert.equal(page.status, 200, path)
    assert.match(page.text, path === '/captures' ? /Captures/ : /Statistics/)
    for (const name of ['content-security-policy', 'cache-control', 'content-type', 'referrer-policy']) {
      assert.equal(page.headers[name], board.headers[name], `${path}: ${name}`)
    }
  }
  assert.equal((await server.client().get('/boards/lobby/nonsense')).status, 404)
})
