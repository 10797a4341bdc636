import { Refusal } from '../child.mjs'

export const ACTIONS = ['up', 'down', 'status', 'env', 'install']

/** { action, services } of a command line; all services if it names none. */
export function parseCommand(args, services) {
  const [action, ...names] = args
  if (!ACTIONS.includes(action)) {
    throw new Refusal(
      `usage: npm run services -- ${ACTIONS.join('|')} [${services.map(({ name }) => name).join(' ')}]`,
    )
  }
  const unknown = names.filter((name) => !services.some((service) => service.name === name))
  if (unknown.length > 0) {
    throw new Refusal(
      `no service ${unknown.join(', ')}; there are ${services.map(({ name }) => name).join(', ')}`,
    )
  }
  return {
    action,
    services: names.length === 0 ? services : services.filter(({ name }) => names.includes(name)),
  }
}
