import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  findErrorBy,
  type KafkaRecord,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka'
import { messageOf, SpateError } from '../../base/errors.ts'

/**
 * The few requests that the log makes of Kafka, and their failures in Spate's words. Each is tried once: who asks
 * decides when to ask again.
 */

export const CLIENT_ID = 'spate'
export const CONNECT_TIMEOUT_MS = 3_000
export const REQUEST_TIMEOUT_MS = 10_000
/** What was written and not answered by then is written again. */
const APPEND_TIMEOUT_MS = 3_000
/** How long a broker holds a request for news. */
const WAIT_MS = 1_000
const FETCH_BYTES = 4 << 20
const COMPRESSION = 'zstd'

type FetchTopic = Parameters<Consumer['fetch']>[0]['topics'][number]

export interface Message {
  readonly key: Buffer
  readonly value: Buffer
}

export interface Fetched {
  readonly topic: string
  readonly partition: number
  /** Whether all the broker has was given. */
  readonly highWatermark: number
  readonly messages: readonly { readonly offset: number; readonly key: Buffer; readonly value: Buffer }[]
  /** Where to go on: behind the last message, gaps included. */
  readonly next: number
}

/** The next offset to read of each partition of each topic. */
export type Wanted = ReadonlyMap<string, ReadonlyMap<number, number>>

export interface TopicDescription {
  readonly id: string
  readonly partitions: number
  /** Of the partition that has the fewest. */
  readonly replicas: number
  readonly settings: ReadonlyMap<string, string>
}

const Failures = {
  tooLarge: 'MESSAGE_TOO_LARGE',
  outOfRange: 'OFFSET_OUT_OF_RANGE',
} as const

/** Of a request of Kafka's own error codes (`MESSAGE_TOO_LARGE`, …), or undefined for failures of the network. */
function apiError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  for (const id of [
    ...Object.values(Failures),
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
  ]) {
    if (findErrorBy(error, 'apiId', id) !== null) return id
  }
  return undefined
}

/** The innermost words: what went wrong with a connection, not that something failed twice. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors.at(-1))
  if (error instanceof Error && error.cause instanceof Error)
    return `${error.message} (${reasonOf(error.cause)})`
  return messageOf(error)
}

export function failure(what: string, cause: unknown): SpateError {
  switch (apiError(cause)) {
    case Failures.tooLarge:
      return new SpateError('invalid', `${what}: more than the broker takes in one message`, { cause })
    case Failures.outOfRange:
      return new SpateError('gone', `${what}: the broker does not have this part of the log`, { cause })
    case undefined:
      return new SpateError('unavailable', `${what}: ${reasonOf(cause)}`, { cause, retryAfterMs: 1_000 })
    default:
      return new SpateError('forbidden', `${what}: the broker does not allow it`, { cause })
  }
}

/** Reads whole partitions, without a consumer group. Its requests wait for each other: who waits long has one of their own. */
export class Fetcher {
  readonly #consumer: Consumer
  readonly #topics: ReadonlySet<string>

  constructor(brokers: readonly string[], topics: readonly string[]) {
    this.#consumer = new Consumer({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...brokers],
      // Of no meaning: no group is ever joined.
      groupId: CLIENT_ID,
      retries: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      metadataMaxAge: 30_000,
    })
    this.#topics = new Set(topics)
    this.#consumer.topics.trackAll(...topics)
  }

  /** Which broker leads which partition now. */
  async leaders(
    fresh: boolean,
  ): Promise<ReadonlyMap<number, readonly { topic: string; partition: number }[]>> {
    try {
      const metadata = await this.#consumer.metadata({ topics: [...this.#topics], forceUpdate: fresh })
      const leaders = new Map<number, { topic: string; partition: number }[]>()
      for (const [topic, { partitions }] of metadata.topics) {
        if (!this.#topics.has(topic)) continue
        partitions.forEach(({ leader }, partition) => {
          const led = leaders.get(leader)
          if (led === undefined) leaders.set(leader, [{ topic, partition }])
          else led.push({ topic, partition })
        })
      }
      return leaders
    } catch (error) {
      throw failure('Kafka’s leaders', error)
    }
  }

  /** What a broker has of the partitions from those offsets on; waits for a while when that is nothing. */
  async fetch(node: number, wanted: Wanted, bytes = FETCH_BYTES): Promise<Fetched[]> {
    try {
      const { topics } = await this.#consumer.metadata({ topics: [...this.#topics] })
      const names = new Map([...topics].map(([name, { id }]) => [id, name]))
      const requests: FetchTopic[] = []
      for (const [topic, partitions] of wanted) {
        const topicId = topics.get(topic)?.id
        if (topicId === undefined) continue
        requests.push({
          topicId,
          partitions: [...partitions].map(([partition, offset]) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(offset),
            lastFetchedEpoch: -1,
            partitionMaxBytes: bytes,
          })),
        })
      }
      const response = await this.#consumer.fetch({
        node,
        topics: requests,
        minBytes: 1,
        maxBytes: bytes,
        maxWaitTime: WAIT_MS,
      })
      const fetched: Fetched[] = []
      for (const { topicId, partitions } of response.responses) {
        const topic = names.get(topicId)
        if (topic === undefined) continue
        for (const { partitionIndex: partition, highWatermark, records } of partitions) {
          const offset = wanted.get(topic)?.get(partition)
          if (offset === undefined) continue
          fetched.push({
            topic,
            partition,
            highWatermark: Number(highWatermark),
            ...messagesOf(records ?? [], offset),
          })
        }
      }
      return fetched
    } catch (error) {
      throw failure('reading from Kafka', error)
    }
  }

  /** The first offset that each partition of a topic still has, and the one after its last. */
  async ends(topic: string): Promise<{ first: number[]; next: number[] }> {
    try {
      const [first, next] = await Promise.all(
        [-2n, -1n].map((timestamp) => this.#consumer.listOffsets({ topics: [topic], timestamp })),
      )
      const numbers = (offsets: Map<string, bigint[]> | undefined) => offsets?.get(topic)?.map(Number) ?? []
      return { first: numbers(first), next: numbers(next) }
    } catch (error) {
      throw failure('Kafka’s offsets', error)
    }
  }

  async close(): Promise<void> {
    await this.#consumer.close(true).catch(() => {})
  }
}

interface Batch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly records: readonly KafkaRecord[]
}

const IS_CONTROL = 1 << 5

/** A broker answers with whole batches: the first may begin before what was asked for. */
function messagesOf(batches: readonly Batch[], from: number): Pick<Fetched, 'messages' | 'next'> {
  const messages: { offset: number; key: Buffer; value: Buffer }[] = []
  let next = from
  for (const { firstOffset, lastOffsetDelta, attributes, records } of batches) {
    const first = Number(firstOffset)
    next = Math.max(next, first + lastOffsetDelta + 1)
    if ((attributes & IS_CONTROL) !== 0) continue
    for (const { offsetDelta, key, value } of records) {
      const offset = first + offsetDelta
      if (offset >= from)
        messages.push({ offset, key: key ?? Buffer.alloc(0), value: value ?? Buffer.alloc(0) })
    }
  }
  return { messages, next }
}

/** Appends to partitions. */
export class Appender {
  readonly #producer: Producer

  constructor(brokers: readonly string[]) {
    this.#producer = new Producer({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...brokers],
      retries: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: APPEND_TIMEOUT_MS,
      timeout: APPEND_TIMEOUT_MS,
      // Sending again is told apart by the messages' own sequences, which outlive a producer.
      idempotent: false,
      acks: ProduceAcks.ALL,
      compression: COMPRESSION,
      metadataMaxAge: 30_000,
    })
  }

  /**
   * Resolves once all in-sync replicas have them, all in one batch. Errors: `invalid` and `forbidden`: not written;
   * `unavailable`: perhaps written.
   */
  async append(topic: string, partition: number, messages: readonly Message[]): Promise<void> {
    try {
      await this.#producer.send({
        messages: messages.map(({ key, value }) => ({ topic, partition, key, value })),
      })
    } catch (error) {
      this.#producer.clearMetadata()
      throw failure('writing to Kafka', error)
    }
  }

  async close(): Promise<void> {
    await this.#producer.close(true).catch(() => {})
  }
}

/** Looks after topics. */
export class Topics {
  readonly #admin: Admin

  constructor(brokers: readonly string[]) {
    this.#admin = new Admin({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...brokers],
      retries: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    })
  }

  async brokerCount(): Promise<number> {
    try {
      return (await this.#admin.metadata({ topics: [] })).brokers.size
    } catch (error) {
      throw failure('Kafka’s brokers', error)
    }
  }

  /** Undefined for a topic that is not there. */
  async describe(topic: string): Promise<TopicDescription | undefined> {
    try {
      if (!(await this.#admin.listTopics()).includes(topic)) return undefined
      const metadata = await this.#admin.metadata({ topics: [topic], forceUpdate: true })
      const known = metadata.topics.get(topic)
      if (known === undefined) return undefined
      const [described] = await this.#admin.describeConfigs({
        resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }],
      })
      const settings = new Map(described?.configs.map(({ name, value }) => [name, value ?? '']))
      const replicas = Math.min(...known.partitions.map((partition) => partition.replicas.length))
      return { id: known.id, partitions: known.partitionsCount, replicas, settings }
    } catch (error) {
      throw failure(`Kafka’s topic ${topic}`, error)
    }
  }

  /** Does nothing where it is there already. */
  async create(
    topic: string,
    partitions: number,
    replicas: number,
    settings: Readonly<Record<string, string>>,
  ): Promise<void> {
    try {
      const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
      await this.#admin.createTopics({ topics: [topic], partitions, replicas, configs })
    } catch (error) {
      if (error instanceof Error && findErrorBy(error, 'apiId', 'TOPIC_ALREADY_EXISTS') !== null) return
      throw failure(`making Kafka’s topic ${topic}`, error)
    }
  }

  /** Frees what lies before an offset. */
  async free(topic: string, partition: number, before: number): Promise<void> {
    try {
      const partitions = [{ partition, offset: BigInt(before) }]
      await this.#admin.deleteRecords({ topics: [{ name: topic, partitions }] })
    } catch (error) {
      throw failure('freeing a part of Kafka’s log', error)
    }
  }

  async close(): Promise<void> {
    await this.#admin.close().catch(() => {})
  }
}
