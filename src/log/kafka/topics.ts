import { setTimeout as pause } from 'node:timers/promises'
import { SpateError } from '../../base/errors.ts'
import { MAX_BODY_BYTES } from '../port.ts'
import type { KafkaAddress } from './address.ts'
import type { TopicDescription, Topics } from './client.ts'

/** Boards, players and meters in one; captures, which may be a hundred times as much, in another. */
export function topicNames(prefix: string): readonly [events: string, captures: string] {
  return [`${prefix}.events`, `${prefix}.captures`]
}

/** One append is one batch of messages. */
export const MAX_BATCH_BYTES = 4 * MAX_BODY_BYTES
const FOR_EVER = '-1'
const MOST_REPLICAS = 3
/** Brokers hear of a new topic one after the other. */
const MADE_WITHIN_MS = 10_000
const POLL_MS = 50

const SETTINGS = {
  'cleanup.policy': 'delete',
  'retention.ms': FOR_EVER,
  'retention.bytes': FOR_EVER,
  'max.message.bytes': String(MAX_BATCH_BYTES + (1 << 20)),
} as const

/**
 * Makes the topics that are not there, and checks those that are: what would lose records is refused.
 * Errors: `invalid` for a topic that is set up wrongly, with how to mend it; `forbidden`, `unavailable`.
 */
export async function ensureTopics(
  topics: Topics,
  { prefix, partitions, replicas }: KafkaAddress,
): Promise<ReadonlyMap<string, TopicDescription>> {
  const described = new Map<string, TopicDescription>()
  for (const name of topicNames(prefix)) {
    let description = await topics.describe(name)
    if (description === undefined) {
      const copies = replicas ?? Math.min(MOST_REPLICAS, await topics.brokerCount())
      await topics.create(name, partitions, copies, {
        ...SETTINGS,
        // Written means on all but one of the copies at least.
        'min.insync.replicas': String(Math.max(1, copies - 1)),
      })
      for (let tries = 0; description === undefined && tries < MADE_WITHIN_MS / POLL_MS; tries++) {
        await pause(POLL_MS)
        description = await topics.describe(name)
      }
    }
    if (description === undefined)
      throw new SpateError('unavailable', `Kafka’s topic ${name} is still being made`)
    check(name, description, replicas)
    described.set(name, description)
  }
  return described
}

function check(name: string, { settings, replicas }: TopicDescription, wanted: number | undefined): void {
  const wrong: string[] = []
  if (replicas < (wanted ?? 1)) wrong.push(`${replicas} replicas (has to be ${wanted})`)
  for (const [setting, expected] of Object.entries(SETTINGS)) {
    const value = settings.get(setting)
    const isEnough = setting === 'max.message.bytes' ? Number(value) >= Number(expected) : value === expected
    if (value !== undefined && !isEnough) wrong.push(`${setting}=${value} (has to be ${expected})`)
  }
  if (wrong.length === 0) return
  throw new SpateError(
    'invalid',
    `Kafka’s topic ${name} would lose records: ${wrong.join(', ')}. Set it with kafka-configs --alter`,
  )
}
