import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Documents } from './documents.ts'

function refusals(query: string): string[] {
  const prepared = new Documents().prepare(query, undefined)
  return 'document' in prepared ? [] : prepared.map(({ message }) => message)
}

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
    assert.deepEqual(refusals(query), ['a document has at most 64 brackets within each other'])
  })
}

test('[S51] a document of as many brackets as are allowed is understood', () => {
  const value = `${'['.repeat(60)}${']'.repeat(60)}`
  assert.match(refusals(`{ configuration(a: ${value}) { canvasWidth } }`)[0] ?? '', /Unknown argument "a"/)
})

/** What a validator compares each with each. */
const REPEATED: Readonly<Record<string, string>> = {
  'the same field': `{ configuration { ${'canvasWidth '.repeat(17)} } }`,
  'one under many of the same': `{ configuration { ${'activeZone { topLeft { x } } '.repeat(17)} } }`,
  'some under some': `{ configuration { ${`activeZone { ${'topLeft { x } '.repeat(5)} } `.repeat(4)} } }`,
  'the same alias': `{ configuration { ${'a: canvasWidth '.repeat(17)} } }`,
  'in inline fragments': `{ configuration { ${'... { canvasWidth } '.repeat(17)} } }`,
  'in a fragment': `{ configuration { ${'...A '.repeat(17)} } } fragment A on ConfigurationMessageData { canvasWidth }`,
}

for (const [what, query] of Object.entries(REPEATED)) {
  test(`[S51] a field is asked for sixteen times at one place at most: ${what}`, () => {
    assert.deepEqual(refusals(query), ['a field is asked for at most 16 times'])
  })
}

test('[S51] a document has at most 32 fragments', () => {
  const names = Array.from({ length: 33 }, (_, i) => `F${i}`)
  const made = names.map((name) => `fragment ${name} on ConfigurationMessageData { ${name}: canvasWidth }`)
  const spread = names.map((name) => `...${name}`)
  const query = `{ configuration { ${spread.join(' ')} } } ${made.join(' ')}`
  assert.deepEqual(refusals(query), ['a document has at most 32 fragments'])
})
