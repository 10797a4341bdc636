import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, SpateError } from '../base/errors.ts'

export const OUT_HELP = 'file to write, - for standard output'

/**
 * Writes chunks to a file, or to standard output for `-`. A file appears under its name once it
 * is whole; until then it is `NAME.part`. Answers with the number of bytes.
 * Errors: `storage-failed`, those of the chunks.
 */
export async function writeOut(out: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.length
      yield chunk
    }
  }
  if (out === '-') {
    try {
      await pipeline(Readable.from(counted()), process.stdout, { end: false })
    } catch (error) {
      // Whoever read it, `head` say, has enough.
      if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
    }
    return bytes
  }
  const part = `${out}.part`
  try {
    await pipeline(counted(), createWriteStream(part))
    await rename(part, out)
  } catch (cause) {
    await rm(part, { force: true })
    if (cause instanceof SpateError) throw cause
    throw new SpateError('storage-failed', `cannot write ${out}: ${messageOf(cause)}`, { cause })
  }
  return bytes
}

/** Refuses to send bytes to a terminal. Errors: `invalid`. */
export function requireNoTerminal(out: string): void {
  if (out === '-' && process.stdout.isTTY) {
    throw new SpateError('invalid', 'an image is not for a terminal: name a file with --out')
  }
}

/** What a server sends, as it comes. Errors: `unavailable` when it breaks off. */
export async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  try {
    // Bytes come in no other form.
    if (response.body !== null) yield* response.body as ReadableStream<Uint8Array>
  } catch (cause) {
    throw new SpateError('unavailable', `the server’s answer broke off: ${messageOf(cause)}`, { cause })
  }
}

/** All of an answer. Errors: `unavailable` when it breaks off. */
export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bodyOf(response)))
}
