import { type LookupAddress, lookup } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { SpateError } from '../../base/errors.ts'
import { hostOf, notPublic, type Reach } from './reach.ts'

export interface FetchInit {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly reach: Reach
}

/** A GET. Errors: `forbidden` for what is out of reach; any other for what cannot be had. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

const MAX_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Answers that have no body. */
const BARE: ReadonlySet<number> = new Set([204, 205, 304])
const MAX_SOCKETS = 64
/** Connections that nobody uses are closed after it. */
const IDLE_MS = 15_000

/**
 * Fetches from sources, of what is in reach: each redirect is judged as the first address was, and so is the address
 * that a name leads to, at the moment of connecting. Headers go to the first origin alone. Connections are kept for the
 * next frame, of each capture apart.
 */
export function openSourceFetch(): Fetch {
  const agents = new WeakMap<Reach, Agents>()
  const keptOf = (reach: Reach): Agents => {
    const kept = agents.get(reach) ?? agentsOf(reach)
    agents.set(reach, kept)
    return kept
  }
  return async (first, { headers = {}, signal, reach }) => {
    let url = new URL(first)
    for (let redirects = 0; ; redirects++) {
      const refusal = reach.refusal(url)
      if (refusal !== undefined) throw new SpateError('forbidden', refusal)
      const isFirst = url.origin === new URL(first).origin
      const kept = reach.isGiven(url) ? undefined : keptOf(reach)
      const answer = await ask(url, isFirst ? headers : {}, signal, kept)
      const next = REDIRECTS.has(answer.statusCode ?? 0) ? answer.headers.location : undefined
      if (next === undefined) return responseOf(answer)
      answer.destroy()
      if (redirects >= MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`)
      url = new URL(next, url)
    }
  }
}

interface Agents {
  readonly 'http:': http.Agent
  readonly 'https:': https.Agent
}

function agentsOf(reach: Reach): Agents {
  const options = {
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    timeout: IDLE_MS,
    lookup: lookupWithin(reach),
  }
  return { 'http:': new http.Agent(options), 'https:': new https.Agent(options) }
}

/** @param kept undefined: a connection of its own, wherever the name leads */
async function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  kept: Agents | undefined,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>()
  const { request } = url.protocol === 'https:' ? https : http
  const agent = kept?.[url.protocol === 'https:' ? 'https:' : 'http:'] ?? false
  const asked = { 'accept-encoding': 'identity', ...headers }
  request(url, { headers: asked, signal, agent }, answered.resolve).on('error', answered.reject).end()
  return answered.promise
}

/** Of the addresses of a name those that are in reach. */
function lookupWithin(reach: Reach): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '')
      const allowed = found.filter(({ address }) => reach.connects(hostOf({ hostname: host }), address))
      const [first] = allowed
      const refused: LookupAddress | undefined = found[0]
      if (first === undefined) {
        return done(new SpateError('forbidden', notPublic(host, refused?.address ?? 'no address')), '')
      }
      if (options.all === true) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }
}

/** Some pack what nobody asked them to. */
const UNPACKERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0
  const headers = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  if (BARE.has(status)) {
    answer.destroy()
    return new Response(null, { status, headers })
  }
  try {
    return new Response(bodyOf(answer), { status, headers })
  } catch (error) {
    // A status that there is not, say.
    answer.destroy()
    throw error
  }
}

/** Its errors are those of the streams, as `Readable.toWeb` would not have them. */
function bodyOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  const unpack = UNPACKERS[answer.headers['content-encoding']?.toLowerCase() ?? '']
  // What fails is told by the last of them.
  const body = unpack === undefined ? answer : pipeline(answer, unpack(), () => {})
  return ReadableStream.from(body)
}
