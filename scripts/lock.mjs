import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 100
/** No set-up takes this long: past it the holder's process id belongs to somebody else. */
const ABANDONED_AFTER_MS = 20 * 60 * 1000

/** Runs `body` while no other process of this machine holds `file`. A holder that died is taken over from. */
export async function withLock(file, body) {
  mkdirSync(dirname(file), { recursive: true })
  while (!acquired(file)) {
    // Whoever removes a dead holder's lock waits before taking it, so two who saw the same dead holder meet
    // at the link below and not here.
    if (abandoned(file)) rmSync(file, { force: true })
    await pause(POLL_MS)
  }
  try {
    return await body()
  } finally {
    rmSync(file, { force: true })
  }
}

/** A link appears together with its content, so nobody reads a lock that does not name its holder yet. */
function acquired(file) {
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    linkSync(mine, file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(mine)
  }
}

function abandoned(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > ABANDONED_AFTER_MS) return true
    return !alive(Number(readFileSync(file, 'utf8')))
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
