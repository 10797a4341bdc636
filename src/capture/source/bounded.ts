import { SpateError } from '../../base/errors.ts'

/** All of a body. Errors: `too-large` once more than that has come, of which no more is read. */
export async function bytesOf(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new SpateError('too-large', `an answer above ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
