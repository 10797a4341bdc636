import { isIP } from 'node:net'
import { getPublicSuffix } from 'tldts'
import { SpateError } from '../../base/errors.ts'
import { isPublicAddress, Networks } from './addresses.ts'

/** Names that no public name server answers for; so is one of a single label. */
const LOCAL_ENDINGS = ['.localhost', '.local', '.internal', '.lan', '.home.arpa']
const PATTERN = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i

/**
 * Where a capture may ask. A source is somebody else's: its messages and redirects may name any address, of this machine
 * and its network, too. Asked are
 *
 * - what the organiser gave, wherever it lies;
 * - the hosts of those endpoints, what lies below them, and what shares their parent domain (`gql.example.org` gives
 *   `example.org` and all below it), unless anybody may have a name there (`org`, `co.uk`, `github.io`: a public suffix);
 * - the hosts that the organiser allows besides: `cdn.example.net`, `*.example.net`, an address, or a network.
 *
 * A host that leads to an address that is not public is asked only if the endpoint that gives it is itself such an
 * address or a name of the local network, or the organiser allows the address.
 */
export class Reach {
  readonly #endpoints: readonly URL[]
  readonly #given: readonly URL[]
  readonly #hosts: ReadonlySet<string>
  readonly #suffixes: readonly string[]
  readonly #networks = new Networks()

  private constructor(endpoints: readonly string[], allowed: readonly string[], given: readonly string[]) {
    this.#endpoints = endpoints.map((endpoint) => new URL(endpoint))
    this.#given = given.map((each) => new URL(each))
    const hosts = allowed.filter((each) => !this.#isNetwork(each)).map((each) => each.toLowerCase())
    const wrong = hosts.find((each) => !PATTERN.test(each) || /^[0-9.]*$/.test(each))
    if (wrong !== undefined) throw new SpateError('invalid', `${JSON.stringify(wrong)} is no host or network`)
    this.#hosts = new Set(hosts)
    this.#suffixes = hosts.filter((each) => each.startsWith('*.')).map((each) => each.slice(1))
  }

  /**
   * Of addresses that the organiser gave.
   * @param allowed hosts, `*.domains`, addresses and networks. Errors: `invalid` for anything else
   */
  static of(endpoints: readonly string[], allowed: readonly string[] = []): Reach {
    return new Reach(endpoints, allowed, endpoints)
  }

  /** Of an address that a source gave: its host, and what is near it. */
  static near(url: string): Reach {
    return new Reach([url], [], [])
  }

  #isNetwork(text: string): boolean {
    if (isIP(text.split('/')[0] ?? '') === 0) return false
    try {
      this.#networks.add(text)
      return true
    } catch {
      return false
    }
  }

  /** Whether the organiser gave this very address, apart from what is asked of it. */
  isGiven({ origin, pathname }: URL): boolean {
    return this.#given.some((given) => given.origin === origin && given.pathname === pathname)
  }

  /** Why this is not asked; undefined where it is, as far as its words tell. */
  refusal(url: URL): string | undefined {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not asked`
    if (url.username !== '' || url.password !== '') return 'an address with a password is not asked'
    if (this.isGiven(url)) return undefined
    const host = hostOf(url)
    const isAllowed = this.#hosts.has(host) || this.#suffixes.some((suffix) => host.endsWith(suffix))
    const isNear = this.#endpoints.some((endpoint) => isNeighbour(host, hostOf(endpoint)))
    if (!isAllowed && !isNear && !this.#networks.has(host)) {
      return `${host} is not of this source: allow it as a frame host, if it should be asked`
    }
    return isIP(host) === 0 || this.connects(host, host) ? undefined : notPublic(host, host)
  }

  /** Whether the host may be at that address. */
  connects(host: string, address: string): boolean {
    if (isPublicAddress(address) || this.#networks.has(address)) return true
    return this.#endpoints.some((endpoint) => {
      const given = hostOf(endpoint)
      return isLocal(given) && isNeighbour(host, given)
    })
  }
}

export function notPublic(host: string, address: string): string {
  const what = host === address ? `${host} is` : `${host} is at ${address},`
  return `${what} an address that is not public: allow it as a frame host, if it should be asked`
}

/** As it is compared and looked up: an address of IPv6 without its brackets. */
export function hostOf({ hostname }: Pick<URL, 'hostname'>): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}

function isLocal(host: string): boolean {
  if (isIP(host) !== 0) return !isPublicAddress(host)
  return !host.includes('.') || LOCAL_ENDINGS.some((ending) => host.endsWith(ending))
}

/** The same host, one below it, or one below the parent of it, where not everybody may be. */
function isNeighbour(host: string, endpoint: string): boolean {
  if (host === endpoint) return true
  if (isIP(host) !== 0 || isIP(endpoint) !== 0) return false
  const parent = endpoint.slice(endpoint.indexOf('.') + 1)
  const domain = isPublicSuffix(parent) ? endpoint : parent
  return host === domain || host.endsWith(`.${domain}`)
}

/** A name of one label is one, too. */
function isPublicSuffix(domain: string): boolean {
  return getPublicSuffix(domain, { allowPrivateDomains: true }) === domain
}
