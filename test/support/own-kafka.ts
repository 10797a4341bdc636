import { setTimeout as pause } from 'node:timers/promises'
import { kafka } from '../../scripts/services/kafka.mjs'
import { running } from '../../scripts/services/record.mjs'
import { placeOf } from '../../scripts/services/service.mjs'
import { start, stop } from '../../scripts/services/supervise.mjs'
import { freePort } from './port.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

const POLL_MS = 10

/** A broker that one test may end as it likes: 230 MB of memory, two seconds for each start. */
export interface OwnKafka {
  /** The same after every start. */
  readonly url: string
  /** Resolves once it answers. */
  start(): Promise<void>
  /** Lets it close its data, and resolves once it has ended. */
  stop(): Promise<void>
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: its connections stay open and say nothing. */
  pause(): void
  resume(): void
}

/** Started, with no data; it ends with the test. Only for tests that `requires('kafka')`. */
export async function ownKafka(t: Lifetime): Promise<OwnKafka> {
  const home = tempFolder(t)
  const place = placeOf(kafka, home, await freePort(2))
  const signal = (name: NodeJS.Signals) => {
    const entry = running(kafka.name, home)
    if (entry === undefined) throw new Error('this broker does not run')
    process.kill(entry.pid, name)
  }
  const broker: OwnKafka = {
    url: place.url,
    start: async () => {
      await start(kafka, place)
    },
    stop: async () => {
      await stop(kafka.name, home)
    },
    kill: async () => {
      signal('SIGKILL')
      while (running(kafka.name, home) !== undefined) await pause(POLL_MS)
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
  t.after(async () => {
    if (running(kafka.name, home) !== undefined) signal('SIGKILL')
    await broker.stop()
  })
  await broker.start()
  return broker
}
