import { findProgram, installPackages } from './programs.mjs'

/**
 * Only installed: what a test needs nginx for is the configuration it starts it with.
 *
 * @type {import('./service.mjs').Service}
 */
export const nginx = {
  name: 'nginx',
  isInstalled: () => findProgram('nginx') !== undefined,
  install: () => installPackages(['nginx']),
}
