/**
 * `npm run services`: what the tests need besides Node, on loopback ports of its own, with data in
 * `.cache/services`. Everything else that runs on the machine is left alone.
 *
 *     npm run services -- up [names]        installs what is missing and starts what does not run
 *     npm run services -- down [names]      ends what `up` started; the data stays
 *     npm run services -- status [names]
 *     npm run services -- env [names]       the variables of those that run, a line each
 *     npm run services -- install [names]   only installs
 *
 * Without names: all. `service.mjs` says what a service is; a new one is a module and a line in `all.mjs`.
 */
import { join } from 'node:path'
import { Refusal, script } from './child.mjs'
import { withLock } from './lock.mjs'
import { SERVICES } from './services/all.mjs'
import { parseCommand } from './services/command.mjs'
import { running } from './services/record.mjs'
import { placeOf, portOf, SERVICES_FOLDER, urlVariable } from './services/service.mjs'
import { start, stop } from './services/supervise.mjs'

const DO = {
  up: async (services) => {
    await install(services)
    // One after the other would take the sum of the starts; a failed one does not leave the others unknown.
    const starts = services.filter(runs).map(async (service) => {
      const { url, wasRunning } = await start(
        service,
        placeOf(service, SERVICES_FOLDER, portOf(service, process.env)),
      )
      print(service, wasRunning ? 'already running' : 'started', `${urlVariable(service.name)}=${url}`)
    })
    const failures = (await Promise.allSettled(starts)).flatMap(({ reason }) => reason ?? [])
    if (failures.length === 0) return
    const bug = failures.find((failure) => !(failure instanceof Refusal))
    throw (
      bug ??
      new Refusal(failures.map(({ message }) => message).join('; '), {
        output: failures.map(({ output }) => output).join(''),
      })
    )
  },

  down: async (services) => {
    await Promise.all(
      services.filter(runs).map(async (service) => {
        print(service, (await stop(service.name, SERVICES_FOLDER)) ? 'ended' : 'not running')
      }),
    )
  },

  status: async (services) => {
    for (const service of services) {
      const entry = running(service.name, SERVICES_FOLDER)
      if (entry) {
        print(service, entry.isReady ? 'running' : 'starting', `pid ${entry.pid}`, entry.url)
      } else {
        print(
          service,
          (await service.isInstalled()) ? (runs(service) ? 'stopped' : 'installed') : 'not installed',
        )
      }
    }
  },

  env: (services) => {
    for (const { name } of services) {
      const entry = running(name, SERVICES_FOLDER)
      if (entry?.isReady) process.stdout.write(`${urlVariable(name)}=${entry.url}\n`)
    }
  },

  install: async (services) => {
    await install(services)
    for (const service of services) print(service, 'installed')
  },
}

await script(async () => {
  const { action, services } = parseCommand(process.argv.slice(2), SERVICES)
  const act = () => DO[action](services)
  if (action === 'status' || action === 'env') await act()
  else await withLock(join(SERVICES_FOLDER, 'services.lock'), act)
})

async function install(services) {
  for (const service of services) {
    if (await service.isInstalled()) continue
    process.stderr.write(`spate: installing ${service.name}\n`)
    await service.install()
  }
}

/** The tests start some themselves. */
function runs(service) {
  return service.launch !== undefined
}

function print(service, ...words) {
  process.stdout.write(`${[service.name.padEnd(8), ...words].join('  ')}\n`)
}
