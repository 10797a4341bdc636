import { DatabaseSync } from 'node:sqlite'
import { messageOf, SpateError } from '../base/errors.ts'

/**
 * Claims this file, which is made if there is none, for this process: a lock that the operating system holds on a small
 * database and drops when the process ends, however it ends. Undefined while another has it. Errors: `storage-failed`.
 */
export function exclusiveLock(path: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path)
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;')
    return lock
  } catch (cause) {
    lock?.close()
    if (/locked|busy/i.test(messageOf(cause))) return undefined
    throw new SpateError('storage-failed', `cannot lock ${path}: ${messageOf(cause)}`, { cause })
  }
}
