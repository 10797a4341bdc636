import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseKafkaAddress } from '../../src/log/kafka/address.ts'
import { KafkaLog } from '../../src/log/kafka.ts'
import { ManualClock } from '../support/clock.ts'
import { ownPrefix } from '../support/kafka-topics.ts'
import { requires } from '../support/requires.ts'
import { serviceUrl } from '../support/services.ts'
import { tempFolder } from '../support/tmp.ts'
import { World } from './world.ts'

const SEEDS = process.env.SPATE_TEST_LONG === '1' ? 200 : 8
const MOST_SERVERS = 3

test(`[V27] the same on a log in Kafka, each server over connections of its own (${SEEDS} seeds)`, {
  skip: requires('kafka'),
}, async (t) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const clock = new ManualClock()
    const prefix = ownPrefix(t, serviceUrl('kafka'))
    const address = parseKafkaAddress(`kafka://${serviceUrl('kafka')}/${prefix}?partitions=1`)
    const logs = await Promise.all(
      Array.from({ length: MOST_SERVERS }, () => KafkaLog.open(address, join(tempFolder(t), 'kafka'), clock)),
    )
    try {
      await new World(seed, { clock, logs, turn: () => pause(2) }).run()
    } catch (cause) {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause })
    } finally {
      await Promise.all(logs.map((log) => log[Symbol.asyncDispose]()))
    }
  }
})
