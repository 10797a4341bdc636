import { randomBytes } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { topicNames } from '../../src/log/kafka/topics.ts'
import type { Lifetime } from './tmp.ts'

/** A prefix that nobody else has; its topics go with the test. */
export function ownPrefix(t: Lifetime, broker: string): string {
  const prefix = `test-${randomBytes(6).toString('hex')}`
  t.after(() => removeTopics(broker, prefix))
  return prefix
}

async function removeTopics(broker: string, prefix: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker], retries: 1 })
  try {
    const there = new Set(await admin.listTopics())
    const topics = topicNames(prefix).filter((name) => there.has(name))
    if (topics.length > 0) await admin.deleteTopics({ topics })
  } finally {
    await admin.close()
  }
}
