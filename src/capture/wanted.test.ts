import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLACE_SETTINGS } from './place/settings.ts'
import { placeSettings } from './wanted.ts'

test('[K13] authors are asked for where the source is, unless it is said otherwise', () => {
  const asked = (settings: Record<string, unknown>) => placeSettings({ kind: 'place', settings }).historyUrl
  assert.equal(asked({}), PLACE_SETTINGS.queryUrl)
  assert.equal(asked({ queryUrl: 'wss://example.org/query' }), 'wss://example.org/query')
  assert.equal(asked({ historyUrl: 'wss://example.org/history' }), 'wss://example.org/history')
  assert.equal(asked({ historyUrl: null }), null)
})
