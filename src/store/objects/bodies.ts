/** What is put, read piece by piece, so that a large body is never held whole beside itself. */
import { type FileHandle, open } from 'node:fs/promises'
import { messageOf, SpateError } from '../../base/errors.ts'
import { type Body, MAX_OBJECT_BYTES } from './port.ts'

/** Also what a comparison holds of each side. */
export const PIECE_BYTES = 8 * 1024 * 1024

export interface OpenBody extends AsyncDisposable {
  readonly bytes: number
  /** Exactly `length` bytes. Errors: `invalid` if the file has become shorter. */
  read(start: number, length: number): Promise<Uint8Array>
}

/** Errors: `invalid` if the file cannot be read, `too-large`. */
export async function openBody(body: Body): Promise<OpenBody> {
  const opened = body instanceof Uint8Array ? bodyInMemory(body) : await openFile(body.file)
  if (opened.bytes <= MAX_OBJECT_BYTES) return opened
  await opened[Symbol.asyncDispose]()
  throw new SpateError('too-large', `an object has at most ${MAX_OBJECT_BYTES} bytes, not ${opened.bytes}`)
}

function bodyInMemory(bytes: Uint8Array): OpenBody {
  return {
    bytes: bytes.length,
    read: async (start, length) => bytes.subarray(start, start + length),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function openFile(path: string): Promise<OpenBody> {
  const unreadable = (cause: unknown): never => {
    throw new SpateError('invalid', `cannot read ${path}: ${messageOf(cause)}`, { cause })
  }
  const file = await open(path).catch(unreadable)
  const found = await file.stat()
  if (found.isFile()) return bodyInFile(path, file, found.size)
  await file.close()
  return unreadable('not a file')
}

function bodyInFile(path: string, file: FileHandle, bytes: number): OpenBody {
  return {
    bytes,
    async read(start, length) {
      const piece = await readRange(file, start, length)
      if (piece.length < length) throw new SpateError('invalid', `${path} changed while it was put`)
      return piece
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** What there is of `length` bytes from `start` on. */
export async function readRange(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const piece = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(piece, filled, length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return piece.subarray(0, filled)
}

/** The whole body, piece by piece. */
export async function* piecesOf(body: OpenBody): AsyncIterable<Uint8Array> {
  for (let start = 0; start < body.bytes; start += PIECE_BYTES) {
    yield await body.read(start, Math.min(PIECE_BYTES, body.bytes - start))
  }
}

/** Whether what is stored, of the same size, is the same. */
export async function isSame(
  body: OpenBody,
  readStored: (start: number, length: number) => Promise<Uint8Array>,
): Promise<boolean> {
  let start = 0
  for await (const piece of piecesOf(body)) {
    if (Buffer.compare(piece, await readStored(start, piece.length)) !== 0) return false
    start += piece.length
  }
  return true
}
