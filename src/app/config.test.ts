import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { SpateError } from '../base/errors.ts'
import { type Config, configVariables, describeConfig, networkMatcher, readConfig } from './config.ts'

function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof SpateError)
    assert.equal(error.code, 'invalid')
    const [head, ...problems] = error.message.split('\n  ')
    assert.equal(head, 'configuration:')
    return problems
  }
  return []
}

test('[O20] without an environment a server is small, safe and on this machine alone', () => {
  assert.deepEqual(readConfig({ PATH: '/bin' }), {
    host: '127.0.0.1',
    port: 8080,
    dataFolder: resolve('data'),
    adminToken: undefined,
    secret: undefined,
    log: 'lmdb',
    objects: undefined,
    meters: 'lmdb',
    db: { kind: 'pglite' },
    trustedProxies: [],
    origins: [],
    sephsplaceBoard: 'lobby',
    maxConnections: 20_000,
    maxConnectionsPerAddress: 512,
    playerRate: 20,
    addressRate: 200,
    joinRate: 120,
    logLevel: 'info',
  } satisfies Config)
})

test('[O20] every setting is read', () => {
  const env = {
    SPATE_HOST: '::',
    SPATE_PORT: '0',
    SPATE_DATA: '/srv/spate',
    SPATE_ADMIN_TOKEN: 'a-token-of-the-tests',
    SPATE_SECRET: 'a secret of the tests',
    SPATE_LOG: 'memory:',
    SPATE_OBJECTS: 's3://events/2026?endpoint=http://127.0.0.1:9000',
    SPATE_METERS: 'rediss://:swordfish@redis.example:6380/2',
    SPATE_DB: 'pglite:',
    SPATE_TRUSTED_PROXIES: ' 10.0.0.0/8, ::1 ,192.168.1.5,fd00::/8 ',
    SPATE_ORIGINS: 'https://a.example,http://b.example:3000',
    SPATE_SEPHSPLACE: 'off',
    SPATE_MAX_CONNECTIONS: '1',
    SPATE_MAX_CONNECTIONS_PER_ADDRESS: '1000000',
    SPATE_PLAYER_RATE: '0',
    SPATE_ADDRESS_RATE: '7',
    SPATE_JOIN_RATE: '8',
    SPATE_LOG_LEVEL: 'silent',
  }
  assert.deepEqual(
    Object.keys(env).sort(),
    configVariables()
      .map(({ name }) => name)
      .sort(),
  )
  assert.deepEqual(readConfig(env), {
    host: '::',
    port: 0,
    dataFolder: join('/', 'srv', 'spate'),
    adminToken: 'a-token-of-the-tests',
    secret: 'a secret of the tests',
    log: 'memory',
    objects: {
      kind: 's3',
      bucket: 'events',
      prefix: '2026/',
      endpoint: 'http://127.0.0.1:9000/',
      region: undefined,
    },
    meters: 'rediss://:swordfish@redis.example:6380/2',
    db: { kind: 'pglite' },
    trustedProxies: ['10.0.0.0/8', '::1', '192.168.1.5', 'fd00::/8'],
    origins: ['https://a.example', 'http://b.example:3000'],
    sephsplaceBoard: undefined,
    maxConnections: 1,
    maxConnectionsPerAddress: 1_000_000,
    playerRate: 0,
    addressRate: 7,
    joinRate: 8,
    logLevel: 'silent',
  } satisfies Config)
  // A variable that is set to nothing is not set.
  const blank = Object.fromEntries(Object.keys(env).map((name) => [name, '']))
  assert.deepEqual(readConfig(blank), readConfig({}))
})

test('[O20] all that is wrong is said at once, with what is expected, and no secret is shown', () => {
  const problems = problemsOf({
    SPATE_PORT: '80800',
    SPATE_ADMIN_TOKEN: 'hunter2',
    SPATE_SECRET: 'swordfish',
    SPATE_LOG: 'kafka:',
    SPATE_OBJECTS: 's3://id:swordfish@events',
    SPATE_METERS: 'redis:swordfish',
    SPATE_DB: 'postgres://swordfish',
    SPATE_TRUSTED_PROXIES: '10.0.0.0/33',
    SPATE_ORIGINS: 'example.org',
    SPATE_SEPHSPLACE: 'The Lobby',
    SPATE_MAX_CONNECTIONS: '0',
    SPATE_PLAYER_RATE: '-1',
    SPATE_LOG_LEVEL: 'loud',
    SPATE_PROT: '8080',
  })
  assert.deepEqual(problems, [
    'SPATE_PORT=80800: expected a whole number from 0 to 65535',
    'SPATE_ADMIN_TOKEN=…: expected 16 to 256 letters, digits and signs, without spaces',
    'SPATE_SECRET=…: expected 16 characters or more',
    'SPATE_LOG=kafka:: expected kafka://host:port[,host:port…]/prefix',
    'SPATE_OBJECTS=…: credentials do not belong here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    'SPATE_METERS=…: expected lmdb: or redis://host:port',
    'SPATE_DB=…: expected pglite: or postgres://user:password@host:port/database?schema=name',
    'SPATE_TRUSTED_PROXIES=10.0.0.0/33: 10.0.0.0/33 is neither an address nor a network',
    'SPATE_ORIGINS=example.org: example.org is not an origin such as https://example.org',
    'SPATE_SEPHSPLACE=The Lobby: expected the name of a board, or off',
    'SPATE_MAX_CONNECTIONS=0: expected a whole number from 1 to 1000000',
    'SPATE_PLAYER_RATE=-1: expected a whole number from 0 to 1000000',
    'SPATE_LOG_LEVEL=loud: expected trace, debug, info, warn, error or silent',
    'SPATE_PROT: there is no such setting',
  ])
})

test('[O20] values that only look right are refused', () => {
  for (const [name, values] of Object.entries({
    SPATE_PORT: ['1e3', '0x50', ' 80', '80.5', '-1', 'http'],
    SPATE_TRUSTED_PROXIES: [
      '10.0.0.0/',
      '10.0.0.0/ 8',
      '10.0.0.0/0x8',
      '10.0.0',
      'localhost',
      '::1/129',
      'fe80::1%eth0',
      '1.2.3.4/8/8',
    ],
    SPATE_ORIGINS: [
      'https://a.example/',
      'https://a.example/path',
      '*',
      'null',
      'https://a.example, https://b.example/x',
    ],
    SPATE_ADMIN_TOKEN: ['correct horse battery staple', 'ünïcödé-ünïcödé-ünïcödé', 'x'.repeat(257)],
  })) {
    for (const value of values) assert.equal(problemsOf({ [name]: value }).length, 1, `${name}=${value}`)
  }
})

test('[O20] help lists every setting with its default, and none with a secret', () => {
  const help = describeConfig()
  const variables = configVariables()
  assert.equal(variables.length, Object.keys(readConfig({})).length)
  assert.equal(help.split('\n').length, variables.length)
  for (const { name, fallback, about } of variables) {
    const line = help.split('\n').find((candidate) => candidate.trim().startsWith(`${name} `))
    assert.ok(line?.includes(about), name)
    if (fallback !== '') assert.ok(line?.endsWith(`[${fallback}]`), name)
    assert.deepEqual(problemsOf({ [name]: fallback }), [], name)
  }
})

test('[H27] a network matches its addresses, however they are written, and no others', () => {
  const matches = networkMatcher(['10.0.0.0/8', '192.168.1.5', '::1', 'fd00::/8'])
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.168.1.5', '::1', '0:0:0:0:0:0:0:1', 'fd12::1']) {
    assert.ok(matches(address), address)
  }
  for (const address of [
    '11.0.0.1',
    '192.168.1.6',
    '::2',
    'fe80::1',
    '',
    'nonsense',
    '10.1.2',
    '::ffff:11.0.0.1',
  ]) {
    assert.ok(!matches(address), address)
  }
  assert.ok(!networkMatcher([])('127.0.0.1'))
  assert.ok(networkMatcher(['0.0.0.0/0'])('1.2.3.4'))
})
