import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublicAddress } from './addresses.ts'
import { Reach } from './reach.ts'

/** Of these addresses those that are asked. */
const asked = (reach: Reach, urls: readonly string[]): string[] =>
  urls.filter((url) => reach.refusal(new URL(url)) === undefined)

const EVENT = [
  'https://www.reddit.com/r/place/',
  'wss://gql-realtime-2.reddit.com/query',
  'wss://gql-realtime-2.reddit.com/query',
]

test('[K31] asked are the hosts of what the organiser gave, and their neighbours', () => {
  const near = [
    'https://hot-potato.reddit.com/media/canvas-images/1648822500000-0-f-1a2b3c4d.png',
    'https://reddit.com/1.png',
    'https://HOT-POTATO.reddit.com.:8443/1.png',
    'https://a.b.reddit.com/1.png',
  ]
  const far = [
    'https://notreddit.com/1.png',
    'https://reddit.com.example.org/1.png',
    'https://example.org/1.png',
    'http://127.0.0.1/1.png',
    'http://[::1]/1.png',
    'http://169.254.169.254/latest/meta-data/',
    'http://0x7f.1/1.png',
    'http://2130706433/1.png',
    'http://localhost/1.png',
    'https://name:word@hot-potato.reddit.com/1.png',
    'ftp://hot-potato.reddit.com/1.png',
  ]
  assert.deepEqual(asked(Reach.of(EVENT), [...near, ...far]), near)
  // Below these everybody may have a name.
  for (const suffix of ['example', 'com', 'co.uk', 'github.io', 's3.amazonaws.com']) {
    assert.deepEqual(
      asked(Reach.of([`https://place.${suffix}/`]), [
        `https://other.${suffix}/`,
        `https://${suffix}/`,
        `https://cdn.place.${suffix}/`,
      ]),
      [`https://cdn.place.${suffix}/`],
      suffix,
    )
    assert.deepEqual(
      asked(Reach.of([`https://gql.place.${suffix}/`]), [
        `https://other.${suffix}/`,
        `https://cdn.place.${suffix}/`,
      ]),
      [`https://cdn.place.${suffix}/`],
      suffix,
    )
  }
})

test('[K31] the organiser allows hosts, domains, addresses and networks besides', () => {
  const reach = Reach.of(EVENT, [
    'cdn.example.net',
    '*.example.org',
    '10.1.0.0/16',
    '203.0.113.7',
    'fd00::/8',
  ])
  const allowed = [
    'https://cdn.example.net/1.png',
    'https://a.b.example.org/1.png',
    'http://10.1.2.3/1.png',
    'http://203.0.113.7/1.png',
    'http://[fd00::5]:8080/1.png',
  ]
  const refused = [
    'https://x.cdn.example.net/',
    'https://example.org/',
    'http://10.2.0.1/',
    'http://[fc00::5]/',
  ]
  assert.deepEqual(asked(reach, [...allowed, ...refused]), allowed)
  assert.equal(reach.connects('hot-potato.reddit.com', '10.1.2.3'), true)
  assert.equal(reach.connects('hot-potato.reddit.com', '10.2.0.1'), false)
  for (const wrong of [
    '',
    '*',
    'https://a.example',
    'a b',
    '10.0.0.0/33',
    '300.1.1.1',
    '::/200',
    '*.10.0.0.1/8',
  ]) {
    assert.throws(() => Reach.of(EVENT, [wrong]), { code: 'invalid' }, wrong)
  }
})

test('[K31] an address that is not public is connected to only from an endpoint that is none either', () => {
  const there = [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    'fe80::1',
  ]
  assert.deepEqual(there.filter(isPublicAddress), [])
  const connected = (reach: Reach, host: string): string[] =>
    there.filter((each) => reach.connects(host, each))
  assert.deepEqual(connected(Reach.of(EVENT), 'hot-potato.reddit.com'), [])
  assert.equal(Reach.of(EVENT).connects('hot-potato.reddit.com', '151.101.1.140'), true)
  assert.equal(Reach.of(EVENT).connects('hot-potato.reddit.com', '64:ff9b::9765:18c'), true)
  for (const local of ['http://spate:8080/', 'http://127.0.0.1:1/', 'http://a.spate.internal/']) {
    const host = new URL(local).hostname
    assert.deepEqual(connected(Reach.of([local]), host), there, local)
    // What else is given is no more local for that.
    assert.deepEqual(connected(Reach.of([...EVENT, local]), 'hot-potato.reddit.com'), [], local)
  }
})
