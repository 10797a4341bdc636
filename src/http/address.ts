import { isIP, isIPv4, isIPv6 } from 'node:net'

/** Whoever sends without an address that can be read shares one name. */
const UNKNOWN = 'unknown'

/**
 * An address in one way of writing: IPv4 inside IPv6 (`::ffff:1.2.3.4`) is IPv4, the port that some proxies
 * append to what they forward is dropped.
 */
export function plainAddress(address: string): string {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1]
  const plain = mapped ?? bare
  return isIP(plain) === 0 ? UNKNOWN : plain
}

/**
 * What limits count as one address: an IPv4 address, or the /64 network of an IPv6 address, which one
 * subscriber has all to themselves.
 */
export function addressGroup(address: string): string {
  const plain = plainAddress(address)
  if (isIPv4(plain) || !isIPv6(plain)) return plain
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::', 2)
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const zeros = new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  const network = [...before, ...zeros, ...after].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** IPv4 at the end of an IPv6 address takes two groups. */
function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').flatMap((group) => (isIPv4(group) ? ['0', '0'] : [group]))
}
