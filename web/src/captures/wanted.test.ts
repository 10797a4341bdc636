import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Said, wantedOf } from './wanted.ts'

function said(part: Partial<Said>): Said {
  return { kind: 'place', name: 'event', url: '', query: '', board: '', ...part }
}

test('[K57] what a capture needs is told from the least that is said', () => {
  assert.deepEqual(wantedOf(said({})), { kind: 'place', settings: {} })
  const query = 'wss://a.org/compat/place/b/query'
  assert.deepEqual(wantedOf(said({ url: 'https://a.org/compat/place/b' })), {
    kind: 'place',
    settings: {
      pageUrl: 'https://a.org/compat/place/b',
      queryUrl: query,
      headers: {},
    },
  })
  assert.deepEqual(wantedOf(said({ query: 'ws://a.org/q' })), {
    kind: 'place',
    settings: { pageUrl: null, queryUrl: 'ws://a.org/q' },
  })
  assert.deepEqual(wantedOf(said({ kind: 'spate', url: 'http://a.org', board: 'b' })), {
    kind: 'spate',
    settings: { url: 'http://a.org', board: 'b' },
  })
  assert.deepEqual(wantedOf(said({ kind: 'feed', url: 'wss://a.org/' })), {
    kind: 'feed',
    settings: { url: 'wss://a.org/' },
  })
})

test('[K57] what is missing or no address is said in words', () => {
  const cases: readonly Partial<Said>[] = [
    { url: 'https://a.org/r/place/' },
    { url: 'ftp://a.org/compat/place/b' },
    { query: 'https://a.org/q' },
    { kind: 'spate', url: 'wss://a.org' },
    { kind: 'feed', url: 'javascript:alert(1)' },
  ]
  for (const each of cases) assert.match(String(wantedOf(said(each))), /\.$/)
})
