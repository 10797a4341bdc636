/** Server-sent events as the HTML standard has them, cut into the bytes of one event each. */

const LF = 10
const CR = 13
/** A longer event is none. */
export const MAX_EVENT_BYTES = 8_000_000

/**
 * Cuts a stream of bytes at the blank lines. What it gives, one after the other, is what it was given, but for an event
 * that was not ended when the stream was.
 */
export class EventBlocks {
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Of the line under way. */
  #lineBytes = 0
  #endedByCr = false

  /** Bytes of each event that these end, its blank line included. Errors: `RangeError` for one above 8 MB. */
  take(chunk: Uint8Array): Uint8Array[] {
    const blocks: Uint8Array[] = []
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]
      const isSecondHalf = byte === LF && this.#endedByCr
      this.#endedByCr = byte === CR
      if (isSecondHalf) {
        // The line ended before it. Of a blank line it would be cut off: it begins the next block, unread.
        continue
      }
      if (byte !== LF && byte !== CR) {
        this.#lineBytes += 1
        continue
      }
      const isBlank = this.#lineBytes === 0
      this.#lineBytes = 0
      if (!isBlank) continue
      const end = byte === CR && chunk[i + 1] === LF ? i + 2 : i + 1
      if (end === i + 2) {
        i += 1
        this.#endedByCr = false
      }
      this.#hold(chunk.subarray(from, end))
      blocks.push(this.#release())
      from = end
    }
    this.#hold(chunk.subarray(from))
    if (this.#heldBytes > MAX_EVENT_BYTES) throw new RangeError(`an event above ${MAX_EVENT_BYTES} bytes`)
    return blocks
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#held.push(bytes.slice())
    this.#heldBytes += bytes.length
  }

  #release(): Uint8Array {
    const block = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return block
  }
}

export interface FeedEvent {
  /** `message` where it is not said. */
  readonly event: string
  /** Undefined: it says none. Empty: the last one no longer holds. */
  readonly id: string | undefined
  /** Undefined for a comment, and what else says nothing. */
  readonly data: string | undefined
}

const decoder = new TextDecoder()

/** Never throws: what is no field is left out. */
export function feedEventOf(block: Uint8Array): FeedEvent {
  let event = ''
  let id: string | undefined
  const data: string[] = []
  for (const line of decoder.decode(block).split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    if (colon === 0 || line === '') continue
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
  return {
    event: event === '' ? 'message' : event,
    id,
    data: data.length === 0 ? undefined : data.join('\n'),
  }
}
