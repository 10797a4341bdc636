import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'

interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly summary?: string; readonly responses: object }>>>
  >
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** Routes for people and monitors that are no part of the API. */
const UNDOCUMENTED = /^\/docs|^\/sp$/

test('[H22] every route stands in the OpenAPI document, with a summary and its problem document', async (t) => {
  const server = await HttpServer.withLobby(t)
  const answer = await server.client().get('/docs/json')
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
  const document = answer.json<OpenApi>()
  assert.match(document.openapi, /^3\./)
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  const routes = server.routes.filter(({ method, url }) => method !== 'HEAD' && !UNDOCUMENTED.test(url))
  assert.ok(routes.length > 30)
  assert.deepEqual(listed.sort(), routes.map(({ method, url }) => `${method} ${url}`).sort())
  const problem = {
    description: 'A problem document (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      assert.ok((summary ?? '').length > 3, `${method} ${path} has no summary`)
      assert.deepEqual(Object.entries(responses).at(-1), ['default', problem])
      assert.ok(Object.keys(responses).length > 1)
    }
  }
  const references = [...answer.text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  )
  assert.deepEqual([...new Set(references)], Object.keys(document.components.schemas))
})

test('[H22] the page of the API loads nothing from elsewhere and is in no frame', async (t) => {
  const server = await HttpServer.withLobby(t)
  const page = await server.client().get('/docs')
  assert.equal(page.status, 200)
  const policy = page.headers['content-security-policy'] ?? ''
  assert.match(policy, /^default-src 'self';/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /https:|upgrade-insecure-requests|script-src/)
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
  assert.ok(parts.length >= 5)
  for (const path of parts) {
    assert.match(path, /^\/docs\/static\//)
    assert.equal((await server.client().get(path)).status, 200, path)
  }
})
