import { createClient, createCluster, RESP_TYPES } from '@redis/client'
import { messageOf, SpateError } from '../../base/errors.ts'
import { failureOf, isReply } from './failures.ts'
import type { Script } from './scripts.ts'

export type Argument = string | Buffer
/** Strings are bytes. */
export type Reply = null | number | Buffer | readonly Reply[]

export interface ConnectionOptions {
  /** For which an answer is waited; what was asked may still happen. */
  readonly timeoutMs: number
}

const CONNECT_TIMEOUT_MS = 5000
const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5000
/** Commands under way at once; beyond, they are refused. */
const MAX_QUEUED = 4096

/** What this file needs of a client, whether of one server or of a cluster. */
interface Client {
  send(key: string, isReadonly: boolean, args: Argument[]): Promise<Reply>
  readonly isOpen: boolean
  /** Servers that know the others. */
  readonly addresses: readonly string[]
  destroy(): void
}

/**
 * A Redis server or cluster (it is found out which). There is one connection at a time; where it breaks, or an answer
 * does not come in time, everything under way fails as `unavailable`, and the next call makes a new one, after a wait
 * that doubles up to five seconds, during which calls fail at once. Nothing is sent again: who calls knows whether
 * that is right. Errors name the host, never the URL. A server that may drop keys on its own is not used.
 */
export class RedisConnection implements AsyncDisposable {
  readonly #url: URL
  readonly #timeoutMs: number
  readonly where: string
  #client: Promise<Client> | undefined
  #addresses: readonly string[] = []
  #backoffMs = 0
  #notBeforeMs = 0
  #isClosed = false

  /** Errors: `invalid`. Nothing is connected yet. */
  constructor(url: string, { timeoutMs }: ConnectionOptions) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol)) {
      throw new SpateError('invalid', 'a Redis is named as redis://host:port or rediss://host:port')
    }
    this.#url = parsed
    this.#timeoutMs = timeoutMs
    this.where = parsed.host
  }

  /** Errors: `unavailable`, `storage-full`, `storage-failed`, `corrupt`. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const tail = [String(keys.length), ...keys, ...args]
    const suffix = script.isReadonly ? '_RO' : ''
    const [key = ''] = keys
    return this.#call(async (client) => {
      try {
        return await client.send(key, script.isReadonly, [`EVALSHA${suffix}`, script.sha, ...tail])
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error
        return client.send(key, script.isReadonly, [`EVAL${suffix}`, script.source, ...tail])
      }
    })
  }

  /** A plain command about `key`, its first argument. */
  async command(name: string, key: string, ...args: Argument[]): Promise<Reply> {
    return this.#call((client) => client.send(key, false, [name, key, ...args]))
  }

  async #call(ask: (client: Client) => Promise<Reply>): Promise<Reply> {
    let connecting = this.#connected()
    try {
      let client = await connecting
      if (!client.isOpen) {
        // It ended while nothing was asked.
        if (this.#client === connecting) this.#client = undefined
        connecting = this.#connected()
        client = await connecting
      }
      const reply = await inTime(ask(client), this.#timeoutMs)
      this.#backoffMs = 0
      return reply
    } catch (error) {
      if (!isReply(error) || failureOf(error, this.where).code === 'unavailable') this.#drop(connecting)
      throw failureOf(error, this.where)
    }
  }

  #connected(): Promise<Client> {
    if (this.#isClosed) return Promise.reject(new SpateError('unavailable', 'the server is stopping'))
    if (this.#client !== undefined) return this.#client
    const waitMs = this.#notBeforeMs - performance.now()
    if (waitMs > 0) {
      const message = `Redis at ${this.where} cannot be reached; it is tried again soon`
      return Promise.reject(new SpateError('unavailable', message, { retryAfterMs: Math.ceil(waitMs) }))
    }
    this.#client = this.#connect()
    return this.#client
  }

  /** In turn the address that was given and those of the cluster's other servers. */
  async #connect(): Promise<Client> {
    const rest = this.#addresses.map((address) => Object.assign(new URL(this.#url), { host: address }))
    let failure: unknown
    for (const url of [this.#url, ...rest]) {
      try {
        const client = await connect(url, this.#timeoutMs)
        this.#addresses = client.addresses
        return client
      } catch (error) {
        failure ??= error
      }
    }
    throw failure
  }

  #drop(connecting: Promise<Client>): void {
    if (this.#client !== connecting) return
    this.#client = undefined
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(MIN_BACKOFF_MS, this.#backoffMs * 2))
    this.#notBeforeMs = performance.now() + this.#backoffMs
    // One that failed has nothing to destroy.
    connecting.then(
      (client) => client.destroy(),
      () => undefined,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const client = await this.#client?.catch(() => undefined)
    client?.destroy()
  }
}

/** What does not answer in time is let go of. */
async function connect(url: URL, timeoutMs: number): Promise<Client> {
  const options = {
    // Ours is a connection that ends where it breaks.
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS },
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_QUEUED,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  } as const
  const client = createClient({ ...options, url: url.href })
  // Every command that fails says so itself.
  client.on('error', () => undefined)
  try {
    await inTime(client.connect(), timeoutMs)
    const info = String(await inTime(client.sendCommand(['INFO']), timeoutMs))
    requireKeepsKeys(info)
    if (!/^redis_mode:cluster\r?$/m.test(info)) {
      return {
        // What this library says of replies is less than what the type mapping asks of it.
        send: (_key, _isReadonly, args) => client.sendCommand(args) as Promise<Reply>,
        get isOpen() {
          return client.isReady
        },
        addresses: [],
        destroy: () => client.destroy(),
      }
    }
  } catch (error) {
    client.destroy()
    throw error
  }
  client.destroy()
  const { username, password, protocol } = url
  const cluster = createCluster({
    rootNodes: [{ url: url.href }],
    defaults: {
      ...options,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      socket: { ...options.socket, ...(protocol === 'rediss:' ? { tls: true as const } : {}) },
    },
    RESP: options.RESP,
    commandOptions: options.commandOptions,
    minimizeConnections: true,
  })
  cluster.on('error', () => undefined)
  try {
    await inTime(cluster.connect(), timeoutMs)
  } catch (error) {
    cluster.destroy()
    throw error
  }
  return {
    send: (key, isReadonly, args) => cluster.sendCommand(key, isReadonly, args) as Promise<Reply>,
    get isOpen() {
      return cluster.isOpen
    },
    addresses: cluster.masters.map(({ address }) => address),
    destroy: () => cluster.destroy(),
  }
}

function requireKeepsKeys(info: string): void {
  const most = /^maxmemory:(\d+)/m.exec(info)?.[1] ?? '0'
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
  if (most === '0' || !policy.startsWith('allkeys-')) return
  const message = `this Redis removes keys when its memory is full (maxmemory-policy ${policy}): meters need noeviction`
  throw new SpateError('storage-failed', message)
}

async function inTime<Result>(result: Promise<Result>, timeoutMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([result, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
