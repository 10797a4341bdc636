/**
 * Postgres refuses to run as root: there it runs as Debian's user `postgres`, which must be able to get to the
 * checkout.
 */
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal, runQuietly } from '../child.mjs'
import { answersWith } from './answers.mjs'
import { findProgram, installPackages } from './programs.mjs'

/** Debian keeps each version's programs in a folder of their own. */
const VERSIONS = '/usr/lib/postgresql'

/** @type {import('./service.mjs').Service} */
export const postgres = {
  name: 'postgres',
  port: 15432,
  url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  isInstalled: () => program('postgres') !== undefined && program('initdb') !== undefined,
  install: () => installPackages(['postgresql']),
  launch,
  isReady: ({ port }) => answersWith(port, STARTUP_MESSAGE, saysReady),
  /** Does not wait for those who are connected, but does not lose anything either. */
  stopSignal: 'SIGINT',
}

async function launch({ folder, port }) {
  const user = process.getuid() === 0 ? unprivilegedUser() : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  if (!existsSync(data)) {
    const unfinished = `${data}.new`
    rmSync(unfinished, { recursive: true, force: true })
    await runQuietly(
      program('initdb'),
      ['-D', unfinished, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      { cwd: folder, ...user },
    )
    renameSync(unfinished, data)
  }
  return {
    command: program('postgres'),
    // No socket in the file system: its path may be 107 bytes at most, and a checkout lies anywhere.
    args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='],
    ...user,
  }
}

function program(name) {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : []
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a))
  return findProgram(
    name,
    newestFirst.map((version) => join(VERSIONS, version, 'bin')),
  )
}

function unprivilegedUser() {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' })
    if (status !== 0) throw new Refusal('Postgres does not run as root, and there is no user postgres here')
    return Number(stdout)
  })
  return { uid, gid }
}

/**
 * Protocol 3.0 as user `postgres`: size, version, names and values, each with a zero at its end.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
const STARTUP_MESSAGE = (() => {
  const body = Buffer.from('\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1')
  const size = Buffer.alloc(4)
  size.writeInt32BE(size.length + body.length)
  return Buffer.concat([size, body])
})()

/** ReadyForQuery, idle, is the last message of a successful start. */
function saysReady(answer) {
  return answer.subarray(-6).equals(Buffer.from('Z\0\0\0\x05I', 'latin1'))
}
