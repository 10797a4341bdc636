import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { messageOf, SpateError } from '../base/errors.ts'

const encoder = new TextEncoder()

/** How every stream stores the bodies of its records: the first byte is the version of their schema, the rest is the type's. */
export class BodySchema<Type extends number> {
  readonly version: number
  readonly #what: string
  readonly #types: ReadonlySet<number>

  /** @param what a record of the stream, in a message: `meter record` */
  constructor(what: string, types: Readonly<Record<string, Type>>, version: number) {
    this.#what = what
    this.#types = new Set(Object.values(types))
    this.version = version
  }

  json(body: object): Uint8Array {
    const json = encoder.encode(JSON.stringify(body))
    return new ByteWriter(1 + json.length).u8(this.version).bytes(json).finish()
  }

  /**
   * @param read what follows the version
   * Errors: `newer-version` for a type or version of a later release, `corrupt` for bytes that are none.
   */
  decode<T>(type: number, bytes: Uint8Array, read: (type: Type) => T): T {
    const version = bytes[0] ?? 0
    if (!this.#isKnown(type) || version > this.version) {
      throw new SpateError(
        'newer-version',
        `this release does not know ${this.#what} type ${type} (version ${version} of its body): upgrade Spate`,
      )
    }
    try {
      if (version === 0) throw new RangeError('a record without a version')
      return read(type)
    } catch (cause) {
      throw new SpateError('corrupt', `${this.#what} of type ${type}: ${messageOf(cause)}`, { cause })
    }
  }

  #isKnown(type: number): type is Type {
    return this.#types.has(type)
  }
}

/** Behind its version. */
export function bodyReader(bytes: Uint8Array): ByteReader {
  return new ByteReader(bytes.subarray(1))
}
