import { messageOf, SpateError } from '../../../base/errors.ts'
import type { Fetched } from '../../../log/kafka/client.ts'
import { type Item, pause, type Taker, type Taking } from './taking.ts'

/** A group's member, as far as a feed uses it. */
export interface Membership {
  join(): Promise<void>
  readonly membership: string
  readonly partitions: readonly number[]
  committed(
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly next: number | undefined; readonly note: string }>>
  commit(partition: number, next: number, note: string): Promise<void>
}

/** What is read of a topic. */
export interface Reading {
  leaders(
    fresh: boolean,
  ): Promise<ReadonlyMap<number, readonly { readonly topic: string; readonly partition: number }[]>>
  fetch(
    node: number,
    wanted: ReadonlyMap<string, ReadonlyMap<number, number>>,
    bytes?: number,
  ): Promise<Fetched[]>
  ends(topic: string): Promise<{ first: number[]; next: number[] }>
}

export interface KafkaFeedOptions {
  readonly topic: string
  readonly group: string
  readonly batch: number
}

/** Of a partition that is ours. */
interface Part {
  /** Everything before is taken. */
  next: number
  /** Where to read on. */
  cursor: number
  /** The end of a batch that was begun and perhaps taken, by us or by who had the partition before. */
  until: number | undefined
  /** Whether `next` is committed. */
  isCommitted: boolean
  items: { readonly offset: number; readonly item: Item }[]
}

const FETCH_BYTES = 2 << 20
const AGAIN_AFTER_MS = 1_000
const NOTE = /^until=(\d{1,16})$/

/**
 * Feeds the messages of a topic. Each partition's are taken in order, in batches. Before a batch is handed over, where
 * it begins and ends is committed to the group (its end as the offset's note), and its name is made of both: so who
 * takes a partition over, after a crash or a rebalance, hands the same batch over under the same name, and it counts
 * once. The offset moves on when the batch is answered. Only a member in its present generation can commit, so two never
 * cut the same stretch in different ways.
 *
 * While Kafka is away it waits. When the signal aborts, the batch under way is finished first, unless the server does
 * not answer.
 */
export class KafkaFeed {
  readonly #member: Membership
  readonly #reading: Reading
  readonly #taker: Taker
  readonly #taking: Taking
  readonly #options: KafkaFeedOptions
  readonly #parts = new Map<number, Part>()
  #membership = ''

  constructor(member: Membership, reading: Reading, taker: Taker, taking: Taking, options: KafkaFeedOptions) {
    this.#member = member
    this.#reading = reading
    this.#taker = taker
    this.#taking = taking
    this.#options = options
  }

  /** Until the signal aborts. Errors: those that no waiting mends. */
  async run(): Promise<void> {
    const { signal, clock, onWaiting } = this.#taking
    let isFresh = false
    while (!signal.aborted) {
      try {
        await this.#turn(isFresh)
        isFresh = false
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof SpateError)) throw error
        if (error.code === 'conflict') this.#membership = ''
        else if (error.code === 'gone') this.#membership = ''
        else if (!error.retryable) throw error
        onWaiting(messageOf(error))
        isFresh = true
        await pause(clock, error.retryAfterMs ?? AGAIN_AFTER_MS, signal).catch(() => {})
      }
    }
    await this.#settle().catch(() => {})
  }

  async #turn(fresh: boolean): Promise<void> {
    await this.#own()
    const { topic } = this.#options
    const leaders = await this.#reading.leaders(fresh)
    let read = 0
    for (const [node, led] of leaders) {
      const wanted = new Map<number, number>()
      for (const { partition } of led) {
        const part = this.#parts.get(partition)
        if (part !== undefined) wanted.set(partition, part.cursor)
      }
      if (wanted.size === 0) continue
      for (const fetched of await this.#reading.fetch(node, new Map([[topic, wanted]]), FETCH_BYTES)) {
        read += fetched.messages.length
        await this.#arrived(fetched)
        if (this.#taking.signal.aborted) return
      }
    }
    if (read === 0) await this.#settle()
    if (this.#parts.size === 0) {
      await pause(this.#taking.clock, AGAIN_AFTER_MS, this.#taking.signal).catch(() => {})
    }
  }

  /** Learns which partitions are ours, where that may have changed. */
  async #own(): Promise<void> {
    if (this.#membership === '') await this.#member.join()
    const { membership, partitions } = this.#member
    if (membership === this.#membership) return
    this.#parts.clear()
    const committed = await this.#member.committed(partitions)
    const { first } = await this.#reading.ends(this.#options.topic)
    for (const partition of partitions) {
      const { next, note } = committed.get(partition) ?? { next: undefined, note: '' }
      const least = first[partition] ?? 0
      const begin = Math.max(next ?? least, least)
      if (next !== undefined && next < least) {
        this.#taking.onWaiting(`partition ${partition}: messages ${next} to ${least - 1} are gone from Kafka`)
      }
      const [, until] = NOTE.exec(note) ?? []
      this.#parts.set(partition, {
        next: begin,
        cursor: begin,
        until: until === undefined || Number(until) < begin ? undefined : Number(until),
        isCommitted: next === begin,
        items: [],
      })
    }
    this.#membership = membership
  }

  async #arrived({ partition, messages, next, highWatermark }: Fetched): Promise<void> {
    const part = this.#parts.get(partition)
    if (part === undefined) return
    const { topic, batch } = this.#options
    for (const { offset, value } of messages) {
      const item = { at: { topic, partition, offset }, text: value.toString() }
      part.items.push({ offset, item })
    }
    part.cursor = next
    while (part.items.length > 0) {
      // A batch that was begun is taken as it was, when all of it has been read.
      if (part.until !== undefined && part.cursor <= part.until && part.cursor < highWatermark) return
      const until = part.until ?? part.items[Math.min(batch, part.items.length) - 1]?.offset ?? part.next
      await this.#take(partition, part, until)
      if (this.#taking.signal.aborted) return
    }
  }

  async #take(partition: number, part: Part, until: number): Promise<void> {
    if (part.until === undefined) {
      await this.#member.commit(partition, part.next, `until=${until}`)
      part.until = until
    }
    const { topic, group } = this.#options
    const end = part.items.findIndex(({ offset }) => offset > until)
    const own = end === -1 ? part.items : part.items.slice(0, end)
    await this.#taker.take(
      JSON.stringify([group, topic, partition, part.next, until]),
      own.map(({ item }) => item),
    )
    part.items.splice(0, own.length)
    part.next = until + 1
    part.until = undefined
    part.isCommitted = false
  }

  /** Commits what is taken and not followed by another batch. */
  async #settle(): Promise<void> {
    for (const [partition, part] of this.#parts) {
      if (part.isCommitted || part.until !== undefined) continue
      await this.#member.commit(partition, part.next, '')
      part.isCommitted = true
    }
  }
}
