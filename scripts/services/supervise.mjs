/**
 * Starts and ends services. A service outlives the command that started it; only the process that was started
 * is ever ended, and what listened on its port before is never taken for it. Whoever calls sees to it that no two
 * start or end the same service at once.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Refusal } from '../child.mjs'
import { answers } from './answers.mjs'
import { birthOf, forget, isAlive, remember, running } from './record.mjs'
import { portVariable } from './service.mjs'

const POLL_MS = 50
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 15_000
const LOG_TAIL_LINES = 20

/** Resolves with { url, wasRunning } once the service answers. What does not get that far is ended again. */
export async function start(service, place) {
  const { name } = service
  const { home } = place
  const before = running(name, home)
  if (before?.isReady) return { url: before.url, wasRunning: true }
  // Left in the middle of its start, perhaps on another port.
  if (before) await stop(name, home)

  if (await answers(place.port)) {
    throw new Refusal(`${name}: port ${place.port} is taken; ${portVariable(name)} names another`)
  }
  const entry = await spawned(service, place)
  remember(name, home, { ...entry, isReady: false })
  try {
    await ready(service, place, entry)
  } catch (error) {
    await stop(name, home)
    throw error
  }
  remember(name, home, { ...entry, isReady: true })
  return { url: place.url, wasRunning: false }
}

/** Resolves with whether there was something to end, once it has ended. */
export async function stop(name, home) {
  const entry = running(name, home)
  if (entry) await end(entry)
  forget(name, home)
  return entry !== undefined
}

async function spawned(service, place) {
  mkdirSync(place.folder, { recursive: true })
  const { command, args, env, uid, gid } = await service.launch(place)
  const log = openSync(place.log, 'w')
  try {
    const child = spawn(command, args, {
      cwd: place.folder,
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid, gid }),
      detached: true,
      stdio: ['ignore', log, log],
    })
    await once(child, 'spawn')
    child.unref()
    const birth = birthOf(child.pid)
    if (birth === undefined) throw failure(service, place, 'ended at once')
    return { pid: child.pid, birth, url: place.url, stopSignal: service.stopSignal ?? 'SIGTERM' }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`${service.name} could not be started: ${error.message}`, { cause: error })
  } finally {
    closeSync(log)
  }
}

async function ready(service, place, entry) {
  const deadline = Date.now() + START_LIMIT_MS
  while (!(await service.isReady(place))) {
    if (!isAlive(entry)) throw failure(service, place, 'ended while it started')
    if (Date.now() > deadline) throw failure(service, place, `does not answer after ${START_LIMIT_MS} ms`)
    await pause(POLL_MS)
  }
  // Whoever answered may be another that took the port in the meantime.
  if (!isAlive(entry)) throw failure(service, place, 'ended while it started')
}

async function end(entry) {
  signal(entry, entry.stopSignal)
  const deadline = Date.now() + STOP_LIMIT_MS
  let isKilled = false
  while (isAlive(entry)) {
    if (!isKilled && Date.now() > deadline) {
      signal(entry, 'SIGKILL')
      isKilled = true
    }
    await pause(POLL_MS)
  }
}

function signal({ pid }, name) {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function failure(service, place, what) {
  const tail = readFileSync(place.log, 'utf8').trim().split('\n').slice(-LOG_TAIL_LINES)
  return new Refusal(`${service.name} ${what}; its output is in ${place.log}`, {
    output: tail.map((line) => `${line}\n`).join(''),
  })
}
