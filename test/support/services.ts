/**
 * Where the services are that tests speak to: what `npm run services -- up` started and what still lives, unless
 * `SPATE_TEST_<NAME>` names another one, which is then taken at its word.
 */
import { running } from '../../scripts/services/record.mjs'
import { SERVICES_FOLDER, urlVariable } from '../../scripts/services/service.mjs'

export type ServiceName = 'kafka' | 'postgres' | 'redis' | 's3'

/** Only for tests that `requires(name)`. */
export function serviceUrl(name: ServiceName): string {
  const url = findServiceUrl(name)
  if (url === undefined) throw new Error(`no ${name} runs`)
  return url
}

export function findServiceUrl(name: ServiceName): string | undefined {
  const named = process.env[urlVariable(name)]
  if (named) return named
  const entry = running(name, SERVICES_FOLDER)
  return entry?.isReady ? entry.url : undefined
}
