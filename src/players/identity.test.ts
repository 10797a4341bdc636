import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../../test/support/any-text.ts'
import { Identities, newSecret, newToken, sameSecret, tokenHash } from './identity.ts'

const SECRET = 'a-secret-of-the-tests'

test('[P1] a cookie is an id and its signature, and only this event’s secret makes it', () => {
  const identities = new Identities(SECRET)
  const { cookie, key } = identities.newCookie()
  assert.match(cookie, /^[\w-]{22}\.[\w-]{22}$/)
  assert.equal(key, `c:${cookie.split('.')[0]}`)
  assert.equal(new Identities(SECRET).keyOfCookie(cookie), key)
  assert.equal(new Identities(newSecret()).keyOfCookie(cookie), undefined)
  assert.notEqual(identities.newCookie().cookie, cookie)
})

test('[P2] no other text is a cookie of the same or of any other player', () => {
  const identities = new Identities(SECRET)
  const { cookie } = identities.newCookie()
  const text = fc.oneof(
    anyText,
    fc
      .tuple(fc.nat(cookie.length - 1), fc.string({ minLength: 1, maxLength: 2 }))
      .map(([at, change]) => cookie.slice(0, at) + change + cookie.slice(at + 1)),
    fc.tuple(fc.base64String(), fc.base64String()).map(([id, signature]) => `${id}.${signature}`),
  )
  fc.assert(
    fc.property(text, (forged) => {
      const [id, signature = ''] = forged.split('.')
      // Base64url has several ways to write the last bits; they name the same player.
      const [rightId, right = ''] = cookie.split('.')
      const isSame =
        id === rightId && Buffer.from(signature, 'base64url').equals(Buffer.from(right, 'base64url'))
      if (!isSame) assert.equal(identities.keyOfCookie(forged), undefined)
    }),
  )
})

test('[P7] an address has one key, which does not tell it', () => {
  const identities = new Identities(SECRET)
  const key = identities.keyOfAddress('1.2.3.4')
  assert.match(key, /^a:[\w-]{22}$/)
  assert.equal(identities.keyOfAddress('1.2.3.4'), key)
  assert.notEqual(identities.keyOfAddress('1.2.3.5'), key)
  // Without the secret nobody can try all addresses until one fits.
  assert.notEqual(new Identities(newSecret()).keyOfAddress('1.2.3.4'), key)
  // A signature for one purpose is none for another.
  assert.equal(identities.keyOfCookie(`1.2.3.4.${key.slice(2)}`), undefined)
})

test('[S40] a pass tells when it ends, on every server of the event and to nobody else', () => {
  const identities = new Identities(SECRET)
  const pass = identities.newPass(1_234_567)
  assert.match(pass, /^[\w.-]{40,128}$/)
  assert.notEqual(identities.newPass(1_234_567), pass)
  assert.equal(new Identities(SECRET).endOfPass(pass), 1_234_567)
  assert.equal(new Identities(newSecret()).endOfPass(pass), undefined)
  const [end, id, signature] = pass.split('.')
  for (const other of [
    '',
    'a.b.c',
    `${end}.${id}`,
    `zzzzzz.${id}.${signature}`,
    `${end}.${id}x.${signature}`,
    `${pass}x`,
    identities.newCookie().cookie,
  ])
    assert.equal(identities.endOfPass(other), undefined, other)
  // Nor is it a cookie.
  assert.equal(identities.keyOfCookie(`${id}.${signature}`), undefined)
})

test('[P5] tokens are long, differ, and are kept as hashes', () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken))
  assert.equal(tokens.size, 100)
  for (const token of tokens) {
    assert.match(token, /^spate_[\w-]{32}$/)
    assert.match(tokenHash(token), /^[\w-]{43}$/)
    assert.ok(!tokenHash(token).includes(token.slice(6)))
  }
})

test('secrets are compared whole', () => {
  assert.ok(sameSecret('abc', 'abc'))
  for (const given of ['', 'ab', 'abcd', 'abd', 'ABC']) assert.ok(!sameSecret(given, 'abc'))
})
