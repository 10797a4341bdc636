import { parentPort, workerData } from 'node:worker_threads'
import { Film, scaled } from './film.ts'
import { type FilmFormat, stillWriterOf } from './formats.ts'
import type { FilmHead } from './stills.ts'

export interface FilmJob {
  readonly format: FilmFormat
  readonly head: FilmHead
  /** Of the area, in cells. */
  readonly width: number
  readonly height: number
  /** Pixels a cell. */
  readonly scale: number
}

export type ToCamera =
  | { readonly cells: Uint8Array<ArrayBuffer>; readonly palette: readonly number[] }
  | { readonly end: true }

/** The answer to each message, in order. */
export interface ToDirector {
  readonly bytes: Uint8Array<ArrayBuffer>
}

// Started by `film` alone, with a job.
const job = workerData as FilmJob
const film = new Film(stillWriterOf(job.format, job.head))

parentPort?.on('message', async (message: ToCamera) => {
  const bytes =
    'end' in message
      ? await film.end()
      : await film.frame(scaled(message.cells, job, job.scale), message.palette)
  // A copy in memory of its own can be handed over without copying again.
  const own = new Uint8Array(bytes)
  parentPort?.postMessage({ bytes: own } satisfies ToDirector, [own.buffer])
})
