import { Worker } from 'node:worker_threads'
import { SpateError } from '../../base/errors.ts'
import { type Area, intersection } from '../canvas/geometry.ts'
import type { View } from '../picture.ts'
import { crop } from '../render/crop.ts'
import type { FilmJob, ToCamera, ToDirector } from './worker.ts'

/** What a frame shows: outside of what the board was then, its background. */
function shot(area: Area, { chunk, info }: View): Uint8Array<ArrayBuffer> {
  const visible = intersection(area, info.extent)
  if (visible?.width === area.width && visible.height === area.height) {
    return crop(area, chunk, info.background)
  }
  const cells = new Uint8Array(area.width * area.height).fill(info.background)
  if (visible === undefined) return cells
  const part = crop(visible, chunk, info.background)
  for (let row = 0; row < visible.height; row++) {
    const to = (visible.top - area.top + row) * area.width + visible.left - area.left
    cells.set(part.subarray(row * visible.width, (row + 1) * visible.width), to)
  }
  return cells
}

/**
 * Films what is seen of an area, frame by frame, in a worker of its own: while one frame is encoded the next is
 * looked up. Yields the bytes of the film as they are made, none for most frames. Ends with its worker, however it
 * ends. Errors: the reason of `signal`, `unavailable` when the worker dies, those of the views.
 */
export async function* film(
  views: AsyncIterable<View>,
  area: Area,
  job: FilmJob,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: job })
  const lost = Promise.withResolvers<never>()
  // Nobody may be waiting for it just then.
  lost.promise.catch(() => {})
  const abort = () => lost.reject(signal.reason)
  signal.addEventListener('abort', abort)
  const died = (cause: unknown) =>
    lost.reject(new SpateError('unavailable', 'the encoder of the timelapse ended', { cause }))
  worker.on('error', died)
  worker.on('exit', died)

  async function ask(message: ToCamera, transfer: ArrayBuffer[]): Promise<Uint8Array> {
    const answer = Promise.withResolvers<Uint8Array>()
    worker.once('message', ({ bytes }: ToDirector) => answer.resolve(bytes))
    worker.postMessage(message, transfer)
    return Promise.race([answer.promise, lost.promise])
  }

  try {
    let encoding = Promise.resolve(new Uint8Array(0) as Uint8Array)
    for await (const view of views) {
      const cells = shot(area, view)
      const { palette } = view.info
      const bytes = await encoding
      encoding = ask({ cells, palette }, [cells.buffer])
      encoding.catch(() => {})
      if (bytes.length > 0) yield bytes
    }
    const bytes = await encoding
    if (bytes.length > 0) yield bytes
    const rest = await ask({ end: true }, [])
    if (rest.length > 0) yield rest
  } finally {
    signal.removeEventListener('abort', abort)
    worker.removeListener('exit', died)
    await worker.terminate()
  }
}
