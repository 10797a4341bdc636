import { MAX_FIELDS } from './formats.ts'

const QUOTE = 0x22
const COMMA = 0x2c

/**
 * The fields of one CSV line, as offsets. A field is bare, or wholly in double quotes with inner ones doubled
 * (RFC 4180); quotes anywhere else are an error. Offsets exclude the quotes around a field.
 */
export class Fields {
  readonly start = new Int32Array(MAX_FIELDS)
  readonly end = new Int32Array(MAX_FIELDS)
  /** Whether the field holds doubled quotes, so that its bytes are not yet its value. */
  readonly escaped = new Uint8Array(MAX_FIELDS)

  /** How many fields `bytes[from, to)` has, 0 for broken quotes, at most one more than {@link MAX_FIELDS}. */
  split(bytes: Uint8Array, from: number, to: number): number {
    let count = 0
    let at = from
    while (count < MAX_FIELDS) {
      let escaped = 0
      if (at < to && bytes[at] === QUOTE) {
        at += 1
        this.start[count] = at
        for (;;) {
          if (at >= to) return 0
          if (bytes[at] === QUOTE) {
            if (at + 1 >= to || bytes[at + 1] !== QUOTE) break
            escaped = 1
            at += 1
          }
          at += 1
        }
        this.end[count] = at
        at += 1
        if (at < to && bytes[at] !== COMMA) return 0
      } else {
        this.start[count] = at
        while (at < to && bytes[at] !== COMMA) {
          if (bytes[at] === QUOTE) return 0
          at += 1
        }
        this.end[count] = at
      }
      this.escaped[count] = escaped
      count += 1
      if (at >= to) return count
      at += 1
    }
    return MAX_FIELDS + 1
  }
}

/** The value of a field with doubled quotes. */
export function unescaped(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const value = new Uint8Array(to - from)
  let length = 0
  for (let at = from; at < to; at += 1) {
    value[length] = bytes[at]!
    length += 1
    if (bytes[at] === QUOTE) at += 1
  }
  return value.subarray(0, length)
}
