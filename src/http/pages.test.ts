import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
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

test('[H25] an address that no file can have is one at which nothing is', async (t) => {
  const pageFolder = tempFolder(t)
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>Spate</title>')
  const server = await HttpServer.withLobby(t, {}, { pageFolder })
  const paths = [`/${'a'.repeat(300)}`, `/assets/${'a'.repeat(5000)}`, '/a//b', '/.git/config', '/a%2f..%2fb']
  for (const path of paths) {
    const answer = await server.client().get(path)
    assert.equal(answer.status, 404, path)
    assert.equal(answer.json().code, 'not-found', path)
  }
})

test('[H25] what lies beside it compressed is sent so to who takes it, under the same policy', async (t) => {
  const pageFolder = tempFolder(t)
  mkdirSync(join(pageFolder, 'assets'))
  const plain = 'export const words = 1\n'.repeat(100)
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><title>Spate</title>')
  writeFileSync(join(pageFolder, 'assets/a-12345678.js'), plain)
  writeFileSync(join(pageFolder, 'assets/a-12345678.js.br'), brotliCompressSync(plain))
  const server = await HttpServer.withLobby(t, {}, { pageFolder })
  const ask = async (encoding: string) => {
    const { headers, text } = await server
      .client()
      .get('/assets/a-12345678.js', { 'accept-encoding': encoding })
    const { 'content-encoding': sent, 'content-type': type, 'cache-control': caching, vary } = headers
    return { text, sent, type, caching, vary, policy: headers['content-security-policy'] !== undefined }
  }
  const [packed, bare] = [await ask('gzip, br'), await ask('identity')]
  const same = {
    type: 'application/javascript; charset=utf-8',
    caching: 'public, max-age=31536000, immutable',
  }
  assert.deepEqual(packed, { ...same, text: plain, sent: 'br', vary: 'accept-encoding', policy: true })
  assert.deepEqual(bare, { ...same, text: plain, sent: undefined, vary: bare.vary, policy: true })
})
