/**
 * Which services run: `run.json` in their home, written by whoever starts and ends them, read by the tests at any
 * time. An entry counts only while the very process that was started lives: a process id
 * that was given to another process since, or a machine started anew, makes it nothing.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The entry of a service that lives: { pid, birth, url, isReady, stopSignal }; undefined if none does. */
export function running(name, home) {
  const entry = entries(home)[name]
  return entry !== undefined && isAlive(entry) ? entry : undefined
}

export function remember(name, home, entry) {
  write(home, { ...entries(home), [name]: entry })
}

export function forget(name, home) {
  const { [name]: _, ...rest } = entries(home)
  write(home, rest)
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
    const [state, threads, born] = [fields[0], Number(fields[17]), fields[19]]
    // While other threads of it have yet to end, a zombie still holds its ports.
    if (state === 'X' || (state === 'Z' && threads <= 1)) return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${born}`
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

function entries(home) {
  try {
    return JSON.parse(readFileSync(recordOf(home), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/** In one step: a reader sees the old entries or the new ones. */
function write(home, all) {
  mkdirSync(home, { recursive: true })
  const file = recordOf(home)
  writeFileSync(`${file}.new`, `${JSON.stringify(all, undefined, 2)}\n`)
  renameSync(`${file}.new`, file)
}

function recordOf(home) {
  return join(home, 'run.json')
}
