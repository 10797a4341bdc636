import { findProgram, installPackages } from './programs.mjs'

/** Also the names of their packages. */
const PROGRAMS = ['nginx', 'openssl']

/**
 * Only installed: what a test needs nginx for is the configuration it starts it with; openssl makes the certificate.
 *
 * @type {import('./service.mjs').Service}
 */
export const nginx = {
  name: 'nginx',
  isInstalled: () => PROGRAMS.every((name) => findProgram(name) !== undefined),
  install: () => installPackages(PROGRAMS),
}
