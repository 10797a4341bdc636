/** Programs of this machine, and how to get those that are missing. */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Refusal, runQuietly } from '../child.mjs'

/** Debian keeps servers where only root's path looks. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin']

/** The path of a program, in `folders` before anywhere else; undefined if it is nowhere. */
export function findProgram(name, folders = []) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders, ...path, ...SERVER_FOLDERS].map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * Installs Debian packages. A package may start a service of its own on its usual port; that is the system's,
 * and left alone.
 */
export async function installPackages(names) {
  const wanted = `apt-get install --no-install-recommends ${names.join(' ')}`
  if (!existsSync('/usr/bin/apt-get')) throw new Refusal(`missing here; on Debian: ${wanted}`)
  const isRoot = process.getuid() === 0
  if (!isRoot && findProgram('sudo') === undefined) throw new Refusal(`as root, run: ${wanted}`)
  const aptGet = (...args) =>
    isRoot
      ? runQuietly('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      : runQuietly('sudo', ['-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args])
  try {
    await aptGet('update', '-q')
    await aptGet('install', '-q', '-y', '--no-install-recommends', ...names)
  } catch (error) {
    if (isRoot || !(error instanceof Refusal)) throw error
    throw new Refusal(`as root, run: ${wanted}`, { output: error.output, cause: error })
  }
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
