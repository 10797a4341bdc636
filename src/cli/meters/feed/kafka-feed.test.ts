import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  anyMessage,
  Crash,
  expectedOf,
  KeyedServer,
  mishaps,
  takingOf,
} from '../../../../test/support/feeding.ts'
import { SpateError } from '../../../base/errors.ts'
import { Random } from '../../../base/random.ts'
import type { Fetched } from '../../../log/kafka/client.ts'
import { KafkaFeed, type Membership, type Reading } from './kafka-feed.ts'
import { Taker } from './taking.ts'

const TOPIC = 'queue'

/** A topic and a group: members of its present generation may commit, for the partitions that are theirs. */
class Broker implements Reading {
  readonly texts: string[][]
  readonly offsets = new Map<number, { next: number; note: string }>()
  readonly members: Member[] = []
  generation = 0
  onIdle: () => void = () => {}
  readonly #random: Random

  constructor(random: Random, partitions: number, messages: number) {
    this.#random = random
    this.texts = Array.from({ length: partitions }, () =>
      Array.from({ length: random.below(messages) }, () => anyMessage(random)),
    )
  }

  /** Everybody has to join again. */
  rebalance(): void {
    this.generation += 1
  }

  async leaders(): Promise<Map<number, { topic: string; partition: number }[]>> {
    return new Map([[1, this.texts.map((_, partition) => ({ topic: TOPIC, partition }))]])
  }

  async ends(): Promise<{ first: number[]; next: number[] }> {
    return { first: this.texts.map(() => 0), next: this.texts.map(({ length }) => length) }
  }

  async fetch(_node: number, wanted: ReadonlyMap<string, ReadonlyMap<number, number>>): Promise<Fetched[]> {
    await new Promise(setImmediate)
    if (this.#random.chance(0.03)) throw new SpateError('unavailable', 'Kafka is away')
    const fetched: Fetched[] = []
    for (const [partition, from] of wanted.get(TOPIC) ?? []) {
      const texts = this.texts[partition] ?? []
      const taken = texts.slice(from, from + this.#random.between(1, 40))
      const messages = taken.map((text, i) => ({
        offset: from + i,
        key: Buffer.alloc(0),
        value: Buffer.from(text),
      }))
      const next = from + taken.length
      fetched.push({ topic: TOPIC, partition, highWatermark: texts.length, messages, next })
    }
    if (this.texts.every(({ length }, i) => length === (this.offsets.get(i)?.next ?? 0))) this.onIdle()
    return fetched
  }
}

class Member implements Membership {
  readonly #broker: Broker
  readonly #mishap: () => void
  readonly #random: Random
  #generation = -1

  constructor(broker: Broker, mishap: () => void, random: Random) {
    this.#broker = broker
    this.#mishap = mishap
    this.#random = random
  }

  async join(): Promise<void> {
    if (!this.#broker.members.includes(this)) {
      this.#broker.members.push(this)
      this.#broker.rebalance()
    }
    this.#generation = this.#broker.generation
  }

  die(): void {
    const { members } = this.#broker
    if (members.includes(this)) members.splice(members.indexOf(this), 1)
    this.#broker.rebalance()
  }

  /** Now and then a heartbeat tells of a new generation. */
  get membership(): string {
    if (this.#random.chance(0.2)) this.#generation = this.#broker.generation
    return String(this.#generation)
  }

  get partitions(): readonly number[] {
    const { members, texts } = this.#broker
    const own = members.indexOf(this)
    return texts.map((_, partition) => partition).filter((partition) => partition % members.length === own)
  }

  async committed(partitions: readonly number[]) {
    const { offsets } = this.#broker
    return new Map(
      partitions.map((partition) => [partition, offsets.get(partition) ?? { next: undefined, note: '' }]),
    )
  }

  async commit(partition: number, next: number, note: string): Promise<void> {
    await Promise.resolve()
    this.#mishap()
    if (this.#generation !== this.#broker.generation || !this.partitions.includes(partition))
      throw new SpateError('conflict', 'another’s by now')
    this.#broker.offsets.set(partition, { next, note })
    this.#mishap()
  }
}

test('[I53] members that are killed, and partitions that change hands: every message counts once', async () => {
  let crashes = 0
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed)
    const broker = new Broker(random, random.between(1, 4), 200)
    const server = new KeyedServer()
    const rejected = new Map<string, string>()
    const mishap = mishaps(random, 0.02)
    server.mishap = mishap
    const end = new AbortController()
    broker.onIdle = () => end.abort()
    const work = async (): Promise<void> => {
      while (!end.signal.aborted) {
        const member = new Member(
          broker,
          () => {
            if (random.chance(0.02)) broker.rebalance()
            mishap()
          },
          random,
        )
        const taking = takingOf(server, random, end.signal, rejected)
        const batch = random.pick([1, 5, 60])
        const feed = new KafkaFeed(member, broker, new Taker(taking), taking, {
          topic: TOPIC,
          group: 'g',
          batch,
        })
        try {
          await feed.run()
        } catch (error) {
          if (!(error instanceof Crash)) throw error
          crashes += 1
        }
        member.die()
      }
    }
    await Promise.all(Array.from({ length: random.between(1, 3) }, work))
    const { sums, rejected: expected } = expectedOf(broker.texts.flat())
    assert.deepEqual([...server.sums].sort(), [...sums].sort(), `seed ${seed}`)
    assert.equal(rejected.size, expected, `seed ${seed}`)
  }
  assert.ok(crashes > 100, `${crashes} crashes`)
})
