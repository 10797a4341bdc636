/** What ties stored meters to the log that they were made from: positions alone would fit any log that is as long. */
import { createHash } from 'node:crypto'
import { SpateError } from '../base/errors.ts'
import { type Log, START } from '../log/port.ts'

const UNKNOWN = ''

/** The hash of a stream's first record; empty where there is none, or where it was given up. Errors: those of the log. */
export async function originOf(log: Log, stream: string): Promise<string> {
  const [first] = await log.read(stream, START, { records: 1, bytes: 1 })
  if (first === undefined) return UNKNOWN
  const trimmed = await log.trimmed(stream)
  if (trimmed > START && first.position > trimmed) return UNKNOWN
  const { position, timeMs, type, body } = first
  return createHash('sha256').update(`${position} ${timeMs} ${type} `).update(body).digest('base64url')
}

/** Errors: `corrupt` where meters that say whose they are were made from another log. */
export function checkOrigin(stored: string, own: string): void {
  if (stored === own || stored === UNKNOWN || own === UNKNOWN) return
  throw new SpateError(
    'corrupt',
    'the meters were made from another log: give them another prefix or folder, or remove them, and they are rebuilt',
  )
}
