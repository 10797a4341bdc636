import { SpateError } from '../../base/errors.ts'

/** Where a log in Kafka lies. */
export interface KafkaAddress {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  /** Begins the names of all topics. */
  readonly prefix: string
  /** For topics that are made: partitions of each, and copies of each partition (undefined: as many as there are brokers, 3 at most). */
  readonly partitions: number
  readonly replicas: number | undefined
}

const PREFIX = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/
const DEFAULT_PARTITIONS = 16
const MAX_PARTITIONS = 256

/** Errors: `invalid`, with what is expected. */
export function parseKafkaAddress(text: string): KafkaAddress {
  const [, hosts = '', prefix = '', query = ''] =
    /^kafka:\/\/([^/?#]+)\/([^/?#]+)(?:\?(.*))?$/.exec(text) ?? []
  const brokers = hosts.split(',')
  if (brokers.some((broker) => !isBroker(broker)) || !PREFIX.test(prefix)) {
    throw new SpateError('invalid', 'expected kafka://host:port[,host:port…]/prefix')
  }
  const options = new URLSearchParams(query)
  for (const name of options.keys()) {
    if (name !== 'partitions' && name !== 'replicas') {
      throw new SpateError('invalid', `expected partitions or replicas, not ${name}`)
    }
  }
  return {
    brokers,
    prefix,
    partitions: count(options.get('partitions'), MAX_PARTITIONS) ?? DEFAULT_PARTITIONS,
    replicas: count(options.get('replicas'), 7),
  }
}

/** `host:port`, several with commas. Errors: `invalid`. */
export function parseBrokers(text: string): readonly string[] {
  const brokers = text.split(',')
  if (brokers.every(isBroker)) return brokers
  throw new SpateError('invalid', 'expected host:port[,host:port…]')
}

function isBroker(text: string): boolean {
  const [, port = ''] = /^(?:\[[\da-fA-F:]+\]|[^\s:@]+):(\d{1,5})$/.exec(text) ?? []
  return Number(port) >= 1 && Number(port) <= 65_535
}

function count(text: string | null, most: number): number | undefined {
  if (text === null) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw new SpateError('invalid', `expected a whole number from 1 to ${most}, not ${text}`)
  }
  return value
}
