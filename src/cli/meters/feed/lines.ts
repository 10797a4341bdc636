/** A line of a stream, without its end; undefined where it was too long to be kept. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string | undefined
}

const NEWLINE = 0x0a
/** Lines that are handed on at once. */
const MOST_AT_ONCE = 1000

/** Lines as they come, in runs; one of more than `maxBytes` is passed over, whatever its length. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line[]> {
  let number = 0
  let parts: Buffer[] = []
  let bytes = 0
  const ended = (): Line => {
    number += 1
    const text = bytes > maxBytes ? undefined : Buffer.concat(parts).toString().replace(/\r$/, '')
    parts = []
    bytes = 0
    return { number, text }
  }
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk)
    let lines: Line[] = []
    for (let from = 0; from < buffer.length; ) {
      const newline = buffer.indexOf(NEWLINE, from)
      const part = buffer.subarray(from, newline === -1 ? buffer.length : newline)
      bytes += part.length
      if (bytes > maxBytes) parts = []
      else parts.push(part)
      from += part.length + 1
      if (newline === -1) break
      lines.push(ended())
      if (lines.length === MOST_AT_ONCE) {
        yield lines
        lines = []
      }
    }
    if (lines.length > 0) yield lines
  }
  if (bytes > 0) yield [ended()]
}
