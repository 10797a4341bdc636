import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../base/errors.ts'
import { decodeFrame } from './picture.ts'

export interface DecodeJob {
  readonly id: number
  readonly bytes: Uint8Array
  readonly width: number
  readonly height: number
}

export type Decoded =
  | {
      readonly id: number
      readonly at: Uint32Array<ArrayBuffer>
      readonly rgb: Uint32Array<ArrayBuffer>
    }
  | { readonly id: number; readonly refusal: string }

parentPort?.on('message', (job: DecodeJob) => void decode(job))

async function decode({ id, bytes, width, height }: DecodeJob): Promise<void> {
  try {
    const { at, rgb } = await decodeFrame(bytes, width, height)
    parentPort?.postMessage({ id, at, rgb } satisfies Decoded, [at.buffer, rgb.buffer])
  } catch (error) {
    parentPort?.postMessage({ id, refusal: messageOf(error) } satisfies Decoded)
  }
}
