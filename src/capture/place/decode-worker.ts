import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../base/errors.ts'
import { decodeFrame, type FrameCells } from './picture.ts'

export interface DecodeJob {
  readonly id: number
  readonly bytes: Uint8Array
}

export type Decoded =
  | { readonly id: number; readonly cells: FrameCells }
  | { readonly id: number; readonly refusal: string }

parentPort?.on('message', (job: DecodeJob) => void decode(job))

async function decode({ id, bytes }: DecodeJob): Promise<void> {
  try {
    const cells = await decodeFrame(bytes)
    parentPort?.postMessage({ id, cells } satisfies Decoded, [cells.at.buffer, cells.rgb.buffer])
  } catch (error) {
    parentPort?.postMessage({ id, refusal: messageOf(error) } satisfies Decoded)
  }
}
