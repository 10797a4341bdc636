import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../../test/support/any-text.ts'
import { MAX_NAME_CHARACTERS, nameKey } from './names.ts'

test('[P4] names that look alike but for case, width and spaces have one key', () => {
  for (const alike of [
    ['Ann', 'ann', ' ANN ', 'A n n', 'ａｎｎ', 'A\u00a0nn'],
    ['Åsa', 'A\u030asa', 'åSA'],
    ['ﬁsh', 'fish', 'FISH'],
  ]) {
    assert.equal(new Set(alike.map(nameKey)).size, 1, String(alike))
  }
  assert.notEqual(nameKey('Ann'), nameKey('Anne'))
  assert.notEqual(nameKey('Ann'), nameKey('Änn'))
})

test('[P4] a name has 1 to 26 visible characters', () => {
  for (const name of ['a', '🙂', 'x'.repeat(26), '🙂'.repeat(26), 'a b']) assert.ok(nameKey(name), name)
  for (const name of [
    '',
    ' ',
    '\n',
    'x'.repeat(27),
    '🙂'.repeat(27),
    'a\u0007',
    'a\u200db',
    '\u202eabc',
    '\ud800',
  ]) {
    assert.equal(nameKey(name), undefined, JSON.stringify(name))
  }
})

test('[P4] a key is itself a name with that key, whatever the name', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ maxLength: 30 })), (name) => {
      const key = nameKey(name)
      if (key === undefined) return
      assert.ok(!/\s/u.test(key))
      assert.equal(nameKey(name.toUpperCase().toLowerCase()), nameKey(name.toLowerCase()))
      assert.ok([...name.normalize('NFKC').trim()].length <= MAX_NAME_CHARACTERS)
    }),
  )
})
