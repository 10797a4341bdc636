import { statfs } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'

/** How long an answer of the system is believed. */
const BELIEVED_MS = 500

/** Of the disk that a folder lies on, for who may write to it. Where the system does not say, there is room. */
export function freeBytesOf(folder: string, clock: Clock): () => Promise<number> {
  let asked = Promise.resolve(0)
  let askedMs = Number.NEGATIVE_INFINITY
  return () => {
    if (clock.elapsedMs() - askedMs >= BELIEVED_MS) {
      askedMs = clock.elapsedMs()
      asked = statfs(folder).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => Number.POSITIVE_INFINITY,
      )
    }
    return asked
  }
}
