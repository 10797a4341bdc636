/**
 * Objects: named bytes that are written once and kept, in a folder or in any service that speaks S3.
 *
 * An object never changes: `put` writes it whole or not at all, and nobody can put other bytes under its key
 * while it is there. Keys are those of `keys.ts`. A store may be shared by any number of processes.
 *
 * Errors, besides those named below: `invalid` (a key, prefix or range that is none, or a place that cannot be
 * one), `unauthorized` and `forbidden` (the credentials), `storage-full`, `storage-failed`, and `unavailable` when
 * the service does not answer in time. Whether a retry can help is in each error.
 */
export const MAX_OBJECT_BYTES = 256 * 1024 * 1024

/** Bytes, or the name of a file that nobody changes in the meantime. */
export type Body = Uint8Array | { readonly file: string }

export interface ObjectEntry {
  readonly key: string
  readonly bytes: number
}

export interface ObjectStore extends AsyncDisposable {
  /**
   * Resolves once the object is durable. Readers see all of it or nothing, also when the put fails. The same bytes
   * under the same key again are no change and no error. Errors: `conflict` if other bytes lie there, which stay;
   * `too-large` beyond {@link MAX_OBJECT_BYTES}.
   */
  put(key: string, body: Body): Promise<void>

  /** Errors: `not-found`; `too-large` beyond {@link MAX_OBJECT_BYTES}. */
  get(key: string): Promise<Uint8Array>

  /**
   * What there is of `length` bytes (at most {@link MAX_OBJECT_BYTES}) from `start` on: fewer where the object ends
   * before, none at or past its end. Errors: `not-found`.
   */
  range(key: string, start: number, length: number): Promise<Uint8Array>

  /**
   * Every object whose key begins with `prefix`, which need not end where a name does, in the order of the keys'
   * characters. What is put or deleted meanwhile may be among them or not.
   */
  list(prefix: string): AsyncIterable<ObjectEntry>

  /** Undefined if there is none. */
  head(key: string): Promise<ObjectEntry | undefined>

  /** An object that is not there is no error. */
  delete(key: string): Promise<void>
}
