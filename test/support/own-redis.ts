import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { redis } from '../../scripts/services/redis.mjs'
import type { Place, Service } from '../../scripts/services/service.mjs'
import { type OwnService, ownService } from './own-service.ts'
import type { Lifetime } from './tmp.ts'

const OK = '+OK\r\n'

/** A server of the test's own, with these arguments beside the usual ones; it has no data at first. */
export function ownRedis(t: Lifetime, ...args: string[]): Promise<OwnService> {
  return ownService(
    t,
    withArguments(() => args),
    1,
  )
}

/** One that keeps what it has answered through SIGKILL. */
export function ownLastingRedis(t: Lifetime): Promise<OwnService> {
  return ownRedis(t, '--appendonly', 'yes', '--appendfsync', 'always')
}

/** A cluster of one node, so that commands whose keys lie in several slots are refused. */
export async function ownRedisCluster(t: Lifetime): Promise<OwnService> {
  const args = ({ port }: Place) => ['--cluster-enabled', 'yes', '--cluster-port', String(port + 1)]
  const own = await ownService(t, withArguments(args), 2)
  const said = await ask(own.home.port, 'CLUSTER ADDSLOTSRANGE 0 16383', OK)
  if (said !== OK) throw new Error(`no cluster: ${said}`)
  while (!(await ask(own.home.port, 'CLUSTER INFO', 'cluster_known_nodes')).includes('cluster_state:ok')) {
    await setImmediate()
  }
  return own
}

function withArguments(argsOf: (place: Place) => string[]): Service {
  return {
    ...redis,
    launch: async (place) => {
      const usual = await redis.launch?.(place)
      if (usual === undefined) throw new Error('Redis cannot be started')
      return { ...usual, args: [...usual.args, ...argsOf(place)] }
    },
  }
}

/** What a server says to an inline command, once it has said `last`, or an error. */
export async function ask(port: number, command: string, last: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  socket.write(`${command}\r\n`)
  let said = ''
  for await (const chunk of socket) {
    said += String(chunk)
    if (said.includes(last) || said.startsWith('-')) break
  }
  return said
}
