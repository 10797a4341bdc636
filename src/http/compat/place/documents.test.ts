import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Documents } from './documents.ts'

/** More of each than the parser has room for on its stack, and fewer than the tokens that it may read. */
const DEEP: Readonly<Record<string, string>> = {
  lists: `{ act(input: ${'['.repeat(2_900)}`,
  objects: `{ act(input: ${'{a:'.repeat(980)}`,
  fields: '{a'.repeat(1_450),
  fragments: '{...'.repeat(1_450),
  types: `query ($a: ${'['.repeat(2_900)}`,
  'closed lists': `mutation { act(input: ${'['.repeat(1_400)}${']'.repeat(1_400)}) { data { id } } }`,
}

for (const [what, query] of Object.entries(DEEP)) {
  test(`[S51] [S52] ${what} within each other by the thousand are refused before they are parsed`, () => {
    const prepared = new Documents().prepare(query, undefined)
    assert.ok(Array.isArray(prepared))
    assert.deepEqual(
      prepared.map(({ message }) => message),
      ['a document has at most 64 brackets within each other'],
    )
  })
}

test('[S51] a document of as many brackets as are allowed is understood', () => {
  const value = `${'['.repeat(60)}${']'.repeat(60)}`
  const prepared = new Documents().prepare(`{ configuration(a: ${value}) { canvasWidth } }`, undefined)
  assert.ok(Array.isArray(prepared))
  assert.match(prepared[0]?.message ?? '', /Unknown argument "a"/)
})
