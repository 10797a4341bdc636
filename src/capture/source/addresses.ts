import { BlockList, isIP } from 'node:net'

/** Of the IANA registries of special-purpose addresses: what is not reached over the public Internet. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
const NOT_PUBLIC_IPV6 = [
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/9',
  'ff00::/8',
]
/** A translator to IPv4 takes the last four bytes. */
const NAT64 = '64:ff9b::'

/** Addresses and networks such as `10.0.0.0/8`. An IPv4 address in the clothes of IPv6 is what it stands for. */
export class Networks {
  readonly #list = new BlockList()

  /** Errors: `RangeError` for what is no address and no network. */
  add(text: string): void {
    const [address = '', bits, ...more] = text.split('/')
    const family = isIP(address)
    const most = family === 4 ? 32 : 128
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
    if (family === 0 || more.length > 0 || !(prefix <= most)) throw new RangeError(`${text} is no network`)
    this.#list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
    if (family === 4) this.#list.addSubnet(NAT64 + address, 96 + prefix, 'ipv6')
  }

  has(address: string): boolean {
    const [bare = ''] = address.split('%')
    const family = isIP(bare)
    return family !== 0 && this.#list.check(bare, family === 4 ? 'ipv4' : 'ipv6')
  }
}

const NOT_PUBLIC = new Networks()
for (const network of [...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6]) NOT_PUBLIC.add(network)

/** False for loopback, link-local, private and reserved addresses, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  return isIP(address) !== 0 && !NOT_PUBLIC.has(address)
}
