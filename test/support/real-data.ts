import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A folder of recorded events (`SPATE_REAL_DATA`), which is no part of a checkout. */
const FOLDER = process.env.SPATE_REAL_DATA ?? join(import.meta.dirname, '../../../shared/data')

/**
 * A recorded file, and why a test of it is skipped where it is absent. Such a skip is counted and stays one
 * in CI: nobody can be required to have the recordings.
 *
 *     const messages = realData('place2022/messages')
 *     test('…', { skip: messages.skip }, () => read(messages.path))
 */
export function realData(name: string): { path: string; skip: string | false } {
  const path = join(FOLDER, name)
  return { path, skip: existsSync(path) ? false : `no recorded ${name} (SPATE_REAL_DATA names its folder)` }
}
