import { BlockList, isIP } from 'node:net'
import { resolve } from 'node:path'
import { messageOf, SpateError } from '../base/errors.ts'
import { isBoardId } from '../boards/boards.ts'
import { type KafkaAddress, parseKafkaAddress } from '../log/kafka/address.ts'
import { type ObjectsPlace, parseObjectsPlace } from '../store/objects/url.ts'
import { parseTablesPlace, type TablesPlace } from '../store/sql/place.ts'

/** How a server is set up. Everything comes from the environment; `describe` below is its documentation. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly dataFolder: string
  /** Undefined: generated and kept in the data folder. */
  readonly adminToken: string | undefined
  readonly secret: string | undefined
  readonly log: 'lmdb' | 'memory' | KafkaAddress
  /** Undefined: `objects` in the data folder. */
  readonly objects: ObjectsPlace | undefined
  /** `lmdb`, or the URL of a Redis. */
  readonly meters: string
  /** Of captures and jobs. */
  readonly db: TablesPlace
  readonly trustedProxies: readonly string[]
  readonly origins: readonly string[]
  readonly sephsplaceBoard: string | undefined
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Edits a second; 0: no limit. */
  readonly playerRate: number
  readonly addressRate: number
  /** New players a minute; 0: no limit. */
  readonly joinRate: number
  readonly logLevel: string
}

interface Variable<T> {
  readonly name: string
  readonly fallback: string
  readonly about: string
  /** Its value is never shown. */
  readonly isSecret?: true
  /** Throws an Error that says what is expected. */
  readonly parse: (text: string) => T
}

const VARIABLES: { readonly [K in keyof Config]: Variable<Config[K]> } = {
  host: {
    name: 'SPATE_HOST',
    fallback: '127.0.0.1',
    about: 'Address to listen on. Only this machine can connect unless you change it.',
    parse: (text) => text,
  },
  port: {
    name: 'SPATE_PORT',
    fallback: '8080',
    about: 'Port; 0 picks a free one.',
    parse: integer(0, 65_535),
  },
  dataFolder: {
    name: 'SPATE_DATA',
    fallback: './data',
    about: 'Folder of everything that must survive. One server at a time.',
    parse: (text) => resolve(text),
  },
  adminToken: {
    name: 'SPATE_ADMIN_TOKEN',
    fallback: '',
    about: 'Bearer token of the organiser, 16 characters or more. Unset: made once, kept in the data folder.',
    isSecret: true,
    parse: token,
  },
  secret: {
    name: 'SPATE_SECRET',
    fallback: '',
    about: 'Signs the players’ cookies, 16 characters or more. Unset: made once, kept in the data folder.',
    isSecret: true,
    parse: secret,
  },
  log: {
    name: 'SPATE_LOG',
    fallback: 'lmdb:',
    about:
      'Where the event log lies. lmdb: in the data folder. memory: nowhere, for trying things out. ' +
      'kafka://host:port/prefix: in Kafka, for any number of servers.',
    parse: (text) => {
      if (text === 'lmdb:') return 'lmdb'
      if (text === 'memory:') return 'memory'
      if (text.startsWith('kafka:')) return parseKafkaAddress(text)
      throw new Error('expected lmdb:, memory: or kafka://host:port/prefix')
    },
  },
  objects: {
    name: 'SPATE_OBJECTS',
    fallback: '',
    about:
      'Where objects lie: a folder, or s3://bucket/prefix?endpoint=https://host:port&region=name. ' +
      'Unset: objects in the data folder.',
    // Nor does it belong there, but somebody may write credentials into it.
    isSecret: true,
    parse: (text) => (text === '' ? undefined : parseObjectsPlace(text)),
  },
  meters: {
    name: 'SPATE_METERS',
    fallback: 'lmdb:',
    about:
      'Where sums are kept. lmdb: in the data folder. redis://host:port/database (rediss: with TLS): in a Redis 7 ' +
      'or a cluster, which several servers of one log share.',
    // It may hold a password.
    isSecret: true,
    parse: (text) => {
      if (text === 'lmdb:') return 'lmdb'
      if (/^rediss?:\/\/[^/]/.test(text) && URL.canParse(text)) return text
      throw new Error('expected lmdb: or redis://host:port')
    },
  },
  db: {
    name: 'SPATE_DB',
    fallback: 'pglite:',
    about:
      'Tables of captures and jobs. pglite: in the data folder, begun by the first capture. ' +
      'postgres://user:password@host:port/database?schema=name: in a Postgres, which several servers share.',
    // It may hold a password.
    isSecret: true,
    parse: parseTablesPlace,
  },
  trustedProxies: {
    name: 'SPATE_TRUSTED_PROXIES',
    fallback: '',
    about: 'Addresses or networks (10.0.0.0/8), comma separated, whose X-Forwarded-For is believed.',
    parse: networks,
  },
  origins: {
    name: 'SPATE_ORIGINS',
    fallback: '',
    about: 'Origins of other sites (https://example.org), comma separated, whose pages may place.',
    parse: (text) => list(text).map(origin),
  },
  sephsplaceBoard: {
    name: 'SPATE_SEPHSPLACE',
    fallback: 'lobby',
    about: 'Board served in the protocol of sephsplace under /sp; off: none.',
    parse: (text) => {
      if (text === 'off') return undefined
      if (!isBoardId(text)) throw new Error('expected the name of a board, or off')
      return text
    },
  },
  maxConnections: {
    name: 'SPATE_MAX_CONNECTIONS',
    fallback: '20000',
    about: 'Connections at once; more are turned away.',
    parse: integer(1, 1_000_000),
  },
  maxConnectionsPerAddress: {
    name: 'SPATE_MAX_CONNECTIONS_PER_ADDRESS',
    fallback: '512',
    about: 'The same from one address (trusted proxies aside).',
    parse: integer(1, 1_000_000),
  },
  playerRate: {
    name: 'SPATE_PLAYER_RATE',
    fallback: '20',
    about: 'Edits a second that one player may send, whatever the board allows; 0: no limit.',
    parse: integer(0, 1_000_000),
  },
  addressRate: {
    name: 'SPATE_ADDRESS_RATE',
    fallback: '200',
    about: 'Edits a second from one address; 0: no limit.',
    parse: integer(0, 1_000_000),
  },
  joinRate: {
    name: 'SPATE_JOIN_RATE',
    fallback: '120',
    about: 'New players a minute from one address, after a first rush of 256; 0: no limit.',
    parse: integer(0, 1_000_000),
  },
  logLevel: {
    name: 'SPATE_LOG_LEVEL',
    fallback: 'info',
    about: 'trace, debug, info, warn, error or silent.',
    parse: (text) => {
      if (!['trace', 'debug', 'info', 'warn', 'error', 'silent'].includes(text)) {
        throw new Error('expected trace, debug, info, warn, error or silent')
      }
      return text
    },
  },
}

/** Reads the configuration. Errors: `invalid`, naming every variable that is wrong and what is expected. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, variable] of Object.entries(VARIABLES)) {
    const text = env[variable.name] || variable.fallback
    try {
      values[key] = variable.parse(text)
    } catch (error) {
      problems.push(`${variable.name}=${variable.isSecret ? '…' : text}: ${messageOf(error)}`)
    }
  }
  const known = new Set(Object.values(VARIABLES).map(({ name }) => name))
  for (const name of Object.keys(env)) {
    if (name.startsWith('SPATE_') && !known.has(name) && !TEST_VARIABLES.has(name)) {
      problems.push(`${name}: there is no such setting`)
    }
  }
  if (problems.length > 0) throw new SpateError('invalid', `configuration:\n  ${problems.join('\n  ')}`)
  // Every key of VARIABLES has been parsed, and its keys are those of Config.
  return values as unknown as Config
}

/** Read elsewhere: by crash tests and the test suite. */
const TEST_VARIABLES = new Set([
  'SPATE_CRASH_AT',
  'SPATE_TEST_LONG',
  'SPATE_TEST_SEED',
  'SPATE_SIM_SEED',
  'SPATE_SIM_SEEDS',
  'SPATE_REAL_DATA',
  'SPATE_CHROMIUM',
  'SPATE_SCREENSHOT',
])

/** The settings as lines for `--help`. */
export function describeConfig(): string {
  const width = Math.max(...Object.values(VARIABLES).map(({ name }) => name.length))
  return Object.values(VARIABLES)
    .map(({ name, fallback, about }) => `  ${name.padEnd(width)}  ${about}${fallback && ` [${fallback}]`}`)
    .join('\n')
}

/** For documents and tests: every setting with its default. */
export function configVariables(): { name: string; fallback: string; about: string }[] {
  return Object.values(VARIABLES).map(({ name, fallback, about }) => ({ name, fallback, about }))
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`)
    }
    return value
  }
}

function secret(text: string): string | undefined {
  if (text === '') return undefined
  if (text.length < 16) throw new Error('expected 16 characters or more')
  return text
}

/** What an Authorization header can carry. */
function token(text: string): string | undefined {
  if (text !== '' && !/^[\x21-\x7e]{16,256}$/.test(text)) {
    throw new Error('expected 16 to 256 letters, digits and signs, without spaces')
  }
  return secret(text)
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function networks(text: string): string[] {
  const items = list(text)
  for (const item of items) {
    const [, address = '', bits] = /^([\da-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(item) ?? []
    const family = isIP(address)
    if (family === 0 || Number(bits ?? 0) > (family === 4 ? 32 : 128)) {
      throw new Error(`${item} is neither an address nor a network`)
    }
  }
  return items
}

function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text)
    throw new Error(`${text} is not an origin such as https://example.org`)
  return url.origin
}

/** Matches addresses against a list of addresses and networks. */
export function networkMatcher(items: readonly string[]): (address: string) => boolean {
  const blocks = new BlockList()
  for (const item of items) {
    const [address = '', bits] = item.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) blocks.addAddress(address, family)
    else blocks.addSubnet(address, Number(bits), family)
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
    const family = isIP(plain)
    return family !== 0 && blocks.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }
}
