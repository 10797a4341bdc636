import { parentPort } from 'node:worker_threads'
import { encodeIndexedPng } from './png.ts'

export interface RenderJob {
  readonly id: number
  readonly pixels: Uint8Array<ArrayBuffer>
  readonly width: number
  readonly height: number
  readonly palette: readonly number[]
  readonly transparent: number | undefined
}

export interface RenderResult {
  readonly id: number
  readonly png: Uint8Array<ArrayBuffer>
}

parentPort?.on('message', ({ id, pixels, width, height, palette, transparent }: RenderJob) => {
  // A copy in memory of its own can be handed over without copying again.
  const png = new Uint8Array(encodeIndexedPng(pixels, width, height, palette, transparent))
  parentPort?.postMessage({ id, png } satisfies RenderResult, [png.buffer])
})
