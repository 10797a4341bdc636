/**
 * What a service module exports: one plain object.
 *
 *     name              what people type; its variables are SPATE_TEST_<NAME> and SPATE_<NAME>_PORT
 *     isInstalled()     → boolean
 *     install()         makes it so; throws a Refusal that says what to install if it may not
 *
 * and, if it runs (the tests start their own nginx):
 *
 *     port              where it listens on 127.0.0.1, unless SPATE_<NAME>_PORT says otherwise
 *     url(port)         what the tests read from SPATE_TEST_<NAME>
 *     launch(place)     prepares `place.folder` (which exists and is kept from start to start) and resolves with
 *                       { command, args, env?, uid?, gid? } of a process that stays in the foreground, whose
 *                       working folder is `place.folder` and whose output goes into `place.log`
 *     isReady(place)    → whether it answers as itself; false while nothing does
 *     stopSignal?       'SIGTERM' unless said: what makes it close its data and end
 *
 * A place is { home, folder, log, port, url }. All functions may be async. The framework starts, records, awaits and
 * ends the process (`supervise.mjs`); a module never does.
 *
 * @typedef {{ home: string, folder: string, log: string, port: number, url: string }} Place
 * @typedef {{ command: string, args: string[], env?: Record<string, string>, uid?: number, gid?: number }} Launch
 * @typedef {{
 *   name: string,
 *   isInstalled: () => boolean | Promise<boolean>,
 *   install: () => void | Promise<void>,
 *   port?: number,
 *   url?: (port: number) => string,
 *   launch?: (place: Place) => Launch | Promise<Launch>,
 *   isReady?: (place: Place) => boolean | Promise<boolean>,
 *   stopSignal?: string,
 * }} Service
 */
import { join } from 'node:path'
import { Refusal } from '../child.mjs'
import { root } from '../root.mjs'

/** What is installed for this checkout, and the home of what `npm run services` starts. */
export const SERVICES_FOLDER = join(root, '.cache/services')

/** Where a service runs: `home` is the folder of everything that runs side by side, and of its record. */
export function placeOf(service, home, port) {
  return {
    home,
    folder: join(home, 'data', service.name),
    log: join(home, 'data', `${service.name}.log`),
    port,
    url: service.url(port),
  }
}

/** The variable from which the tests read where a service is. */
export function urlVariable(name) {
  return `SPATE_TEST_${name.toUpperCase()}`
}

export function portVariable(name) {
  return `SPATE_${name.toUpperCase()}_PORT`
}

export function portOf(service, env) {
  const variable = portVariable(service.name)
  const given = env[variable]
  if (!given) return service.port
  if (/^\d{1,5}$/.test(given) && given >= 1024 && given < 65535) return Number(given)
  throw new Refusal(`${variable}=${given} is not a port from 1024 to 65534`)
}
