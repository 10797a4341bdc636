import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { running } from '../../scripts/services/record.mjs'
import { placeOf, type Service } from '../../scripts/services/service.mjs'
import { start, stop } from '../../scripts/services/supervise.mjs'
import { freePort } from './port.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

/** A service that one test may end as it likes. */
export interface OwnService {
  /** The same after every start. */
  readonly url: string
  /** Where it keeps its data. */
  readonly home: ReturnType<typeof placeOf>
  /** Resolves once it answers. */
  start(): Promise<void>
  /** Lets it close its data, and resolves once it has ended. */
  stop(): Promise<void>
  /** Ends it with SIGKILL, which is sent before this returns; resolves once it is gone. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: its connections stay open and say nothing. Resolves once every thread stands still. */
  pause(): Promise<void>
  resume(): void
}

/** Started, with no data; it ends with the test. */
export async function ownService(t: Lifetime, service: Service, ports: number): Promise<OwnService> {
  const home = tempFolder(t)
  // Postgres does not run as root, and the user it runs as has to get there.
  chmodSync(home, 0o755)
  const place = placeOf(service, home, await freePort(ports))
  const signal = (name: NodeJS.Signals): number => {
    const entry = running(service.name, home)
    if (entry === undefined) throw new Error(`this ${service.name} does not run`)
    process.kill(entry.pid, name)
    return entry.pid
  }
  const own: OwnService = {
    url: place.url,
    home: place,
    start: async () => {
      await start(service, place)
    },
    stop: async () => {
      await stop(service.name, home)
    },
    kill: () => {
      signal('SIGKILL')
      return own.stop()
    },
    pause: async () => {
      const pid = signal('SIGSTOP')
      while (process.platform === 'linux' && !isStopped(pid)) await setImmediate()
    },
    resume: () => void signal('SIGCONT'),
  }
  t.after(async () => {
    if (running(service.name, home) !== undefined) await own.kill()
  })
  await own.start()
  return own
}

/** The state is the first field after the name, which stands in parentheses. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'T'
  })
}
