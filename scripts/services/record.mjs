/**
 * Which services of this checkout run: `.cache/services/run.json`, written by `up` and `down` under their lock,
 * read by the tests without it. An entry counts only while the very process that was started lives: a process id
 * that was given to another process since, or a machine started anew, makes it nothing.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SERVICES_FOLDER } from './service.mjs'

const RECORD = join(SERVICES_FOLDER, 'run.json')

/** The entry of a service that lives: { pid, birth, url, isReady, stopSignal }; undefined if none does. */
export function running(name) {
  const entry = entries()[name]
  return entry !== undefined && isAlive(entry) ? entry : undefined
}

export function remember(name, entry) {
  write({ ...entries(), [name]: entry })
}

export function forget(name) {
  const { [name]: _, ...rest } = entries()
  write(rest)
}

/** Whether this very process lives. One that has ended and that nobody has asked about yet (a zombie) does not. */
export function isAlive({ pid, birth }) {
  return birthOf(pid) === birth
}

/** What tells a process from a later one of the same id; undefined if there is none. */
export function birthOf(pid) {
  return process.platform === 'linux' ? birthInProc(pid) : birthInPs(pid)
}

function birthInProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in parentheses and may hold anything; the state is the first field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${fields[19]}`
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined
    throw error
  }
}

function birthInPs(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [, state, born] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout ?? '') ?? []
  return state?.startsWith('Z') ? undefined : born
}

function entries() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/** In one step: a reader sees the old entries or the new ones. */
function write(all) {
  mkdirSync(dirname(RECORD), { recursive: true })
  writeFileSync(`${RECORD}.new`, `${JSON.stringify(all, undefined, 2)}\n`)
  renameSync(`${RECORD}.new`, RECORD)
}
