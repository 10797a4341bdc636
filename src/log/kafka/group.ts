import { type Connection, Consumer, findErrorBy, offsetCommitV8, offsetFetchV8 } from '@platformatic/kafka'
import { SpateError } from '../../base/errors.ts'
import { CLIENT_ID, CONNECT_TIMEOUT_MS, failure, REQUEST_TIMEOUT_MS } from './client.ts'

/** Kafka's names for a member that is none any more, or of an earlier generation. */
const NO_LONGER_OURS = [
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
]

/** What a group has of a partition. */
export interface Committed {
  /** The next to read; undefined: nothing was read yet. */
  readonly next: number | undefined
  /** What was committed with it. */
  readonly note: string
}

/**
 * A member of a consumer group, which shares a topic's partitions out among its members. Offsets are committed with a
 * note; a commit of a member who has lost its part meanwhile is refused (`conflict`), so offset and note are always the
 * word of one member.
 */
export class GroupMember {
  readonly #consumer: Consumer
  readonly #topic: string

  /** @param sessionMs after which a member that is not heard of has lost its part; brokers allow 6 s at the least */
  constructor(brokers: readonly string[], group: string, topic: string, sessionMs: number) {
    this.#consumer = new Consumer({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...brokers],
      groupId: group,
      sessionTimeout: sessionMs,
      rebalanceTimeout: Math.max(sessionMs, REQUEST_TIMEOUT_MS),
      heartbeatInterval: Math.floor(sessionMs / 6),
      retries: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS + sessionMs,
      metadataMaxAge: 30_000,
    })
    // A heartbeat that fails is tried again; what matters shows in the next commit.
    this.#consumer.on('error', () => {})
    this.#topic = topic
    this.#consumer.topics.trackAll(topic)
  }

  /** Becomes a member, or one again. Heartbeats keep it one. Errors: `unavailable`, `forbidden`. */
  async join(): Promise<void> {
    try {
      await this.#consumer.joinGroup()
    } catch (error) {
      throw failure('joining the group in Kafka', error)
    }
  }

  /** Another one where partitions may have been shared out anew. */
  get membership(): string {
    return `${this.#consumer.memberId}/${this.#consumer.generationId}`
  }

  get partitions(): readonly number[] {
    const assigned = this.#consumer.assignments?.find(({ topic }) => topic === this.#topic)
    return assigned?.partitions ?? []
  }

  /** Of each of the partitions. Errors: `unavailable`, `forbidden`. */
  async committed(partitions: readonly number[]): Promise<Map<number, Committed>> {
    try {
      const topics = [{ name: this.#topic, partitionIndexes: [...partitions] }]
      const groups = [{ groupId: this.#consumer.groupId, memberId: null, memberEpoch: -1, topics }]
      const response = await offsetFetchV8.api.async(await this.#coordinator(), groups, true)
      const committed = new Map<number, Committed>()
      for (const { topics } of response.groups) {
        for (const { partitions } of topics) {
          for (const { partitionIndex, committedOffset, metadata } of partitions) {
            const next = committedOffset < 0n ? undefined : Number(committedOffset)
            committed.set(partitionIndex, { next, note: metadata ?? '' })
          }
        }
      }
      return committed
    } catch (error) {
      throw failure('the group’s offsets in Kafka', error)
    }
  }

  /** Errors: `conflict` where the partition may be another's by now, `unavailable`, `forbidden`. */
  async commit(partition: number, next: number, note: string): Promise<void> {
    const { groupId, generationId, memberId } = this.#consumer
    const offset = {
      partitionIndex: partition,
      committedOffset: BigInt(next),
      committedLeaderEpoch: -1,
      committedMetadata: note,
    }
    const topics = [{ name: this.#topic, partitions: [offset] }]
    try {
      const connection = await this.#coordinator()
      await offsetCommitV8.api.async(connection, groupId, generationId, memberId ?? '', null, topics)
    } catch (error) {
      if (error instanceof Error && NO_LONGER_OURS.some((id) => findErrorBy(error, 'apiId', id) !== null)) {
        throw new SpateError('conflict', `partition ${partition} is another’s by now`, { cause: error })
      }
      throw failure('committing to Kafka', error)
    }
  }

  async #coordinator(): Promise<Connection> {
    const node = await this.#consumer.findGroupCoordinator()
    const connection = (await this.#consumer.connectToBrokers([node])).get(node)
    if (connection === undefined) throw new Error(`the group’s coordinator ${node} is no broker`)
    return connection
  }

  /** Leaves the group, so that others have its partitions at once. */
  async close(): Promise<void> {
    try {
      await this.#consumer.leaveGroup()
    } catch {
      // Kafka notices by itself that it is gone.
    }
    await this.#consumer.close(true).catch(() => {})
  }
}
