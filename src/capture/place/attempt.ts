import { messageOf, SpateError } from '../../base/errors.ts'
import type { FetchStatus } from '../records.ts'
import { bytesOf } from '../source/bounded.ts'
import type { Fetch } from '../source/fetch.ts'
import type { Reach } from '../source/reach.ts'
import type { FrameStore } from './frame-store.ts'
import type { FrameCells } from './picture.ts'

const MAX_FRAME_BYTES = 16 << 20

export type Attempt =
  | { readonly status: 'stored'; readonly bytes: Uint8Array; readonly cells: FrameCells }
  | { readonly status: Exclude<FetchStatus, 'stored'>; readonly detail: string; readonly bytes?: Uint8Array }

export interface AttemptServices {
  readonly fetch: Fetch
  readonly reach: Reach
  readonly frames: Pick<FrameStore, 'decode'>
  /** Of the canvases, as the source's configuration says now. */
  readonly size: () => { readonly width: number; readonly height: number }
}

/** Asks for a frame once, and looks whether it is one. What goes wrong is in the answer. */
export async function attemptFrame(
  url: string,
  { fetch, reach, frames, size }: AttemptServices,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Attempt> {
  let bytes: Uint8Array
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const response = await fetch(url, { signal: either, reach })
    if (!response.ok) {
      await response.body?.cancel()
      return { status: statusOf(response.status), detail: `HTTP ${response.status}` }
    }
    bytes = await bytesOf(response, MAX_FRAME_BYTES)
  } catch (error) {
    const isForeign = error instanceof SpateError && error.code === 'forbidden'
    return { status: isForeign ? 'foreign' : 'failed', detail: messageOf(error) }
  }
  try {
    const cells = await frames.decode(bytes)
    const { width, height } = size()
    if (cells.width <= width && cells.height <= height) return { status: 'stored', bytes, cells }
    // It would lie over its neighbours. Where the canvases have grown, that is known with the next try.
    return { status: 'broken', detail: `larger than ${width} × ${height}`, bytes }
  } catch (error) {
    // Not for the picture to answer for.
    if (error instanceof SpateError && error.retryable) return { status: 'failed', detail: messageOf(error) }
    return { status: 'broken', detail: messageOf(error), bytes }
  }
}

function statusOf(httpStatus: number): Exclude<FetchStatus, 'stored' | 'broken' | 'foreign'> {
  if (httpStatus === 404 || httpStatus === 410) return 'missing'
  return httpStatus === 401 || httpStatus === 403 ? 'expired' : 'failed'
}
