import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { bytesFile } from '../../../test/support/place-rows.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { SpateError } from '../../base/errors.ts'
import { InputFile } from './input.ts'

async function readFile(t: TestContext, ...bytes: readonly Uint8Array[]) {
  const file = await InputFile.find(bytesFile(tempFolder(t), 'input', Buffer.concat(bytes)))
  const chunks: Buffer[] = []
  for await (const chunk of file.chunks()) chunks.push(chunk)
  return { content: Buffer.concat(chunks), chunks, damage: file.damage, file }
}

/** Longer than any buffer on the way; half of it does not compress. */
const long = Buffer.concat([randomBytes(700_000), Buffer.alloc(3_000_000, 'spate '), randomBytes(700_000)])

test('[I3] plain and gzip files give the same bytes', async (t) => {
  for (const bytes of [long, gzipSync(long)]) {
    const { content, damage, file } = await readFile(t, bytes)
    assert.ok(content.equals(long))
    assert.equal(damage, undefined)
    assert.equal(file.readBytes, file.sizeBytes)
  }
})

test('[I3] files of no, one and two bytes are plain', async (t) => {
  for (const bytes of [[], [0x1f], [0x1f, 0x8c], [0x41, 0x42]]) {
    const { content, damage } = await readFile(t, Uint8Array.from(bytes))
    assert.deepEqual([...content], bytes)
    assert.equal(damage, undefined)
  }
})

test('[I3] any number of members are one text', async (t) => {
  const members = Array.from({ length: 300 }, (_, i) => Buffer.from(`member ${i}\n`.repeat(i)))
  const { content, damage } = await readFile(t, ...members.map((member) => gzipSync(member)))
  assert.ok(content.equals(Buffer.concat(members)))
  assert.equal(damage, undefined)
})

test('[I3] a member that ends where a read or an inflated step ends is followed by the next one', async (t) => {
  for (const boundary of [64 * 1024, 256 * 1024]) {
    const first = stored(boundary)
    const { content, damage } = await readFile(t, first.compressed, gzipSync('next'))
    assert.ok(content.equals(Buffer.concat([first.plain, Buffer.from('next')])))
    assert.equal(damage, undefined)
  }
})

test('[I13] wherever a gzip file is cut, all before the cut is read and the damage said', async (t) => {
  const plain = Buffer.from('2022-04-03 17:38:22.252 UTC,author,#FF3881,"0,0"\n'.repeat(20))
  const compressed = gzipSync(plain)
  for (let length = 2; length < compressed.length; length += 1) {
    const { content, damage } = await readFile(t, compressed.subarray(0, length))
    assert.equal(damage, 'gzip-cut', `cut after ${length}`)
    assert.ok(content.equals(plain.subarray(0, content.length)))
    // The trailer is 8 bytes of checksum and length; all before it is content.
    if (length >= compressed.length - 8) assert.equal(content.length, plain.length)
  }
})

test('[I13] of a long cut file nothing is lost that was compressed before the cut', async (t) => {
  const bytes = stored(1_000_000)
  const { content, damage } = await readFile(t, bytes.compressed.subarray(0, 900_001))
  assert.equal(damage, 'gzip-cut')
  // Blocks that are stored carry their bytes one to one, but for 5 a block of at most 65,535.
  assert.ok(content.length > 899_000, `${content.length} bytes`)
  assert.ok(content.equals(bytes.plain.subarray(0, content.length)))
})

test('[I13] wrong data ends the file; what came before it stays', async (t) => {
  const { plain, compressed } = stored(1_000_000)
  const { content, damage } = await readFile(t, compressed.subarray(0, 500_000), Buffer.alloc(500_000, 0xff))
  assert.equal(damage, 'gzip-corrupt')
  // Bytes of a stored block cannot be wrong, so it is the header of the next one, at most 65,535 later, that is.
  assert.ok(content.length > 499_900 && content.length < 566_000, `${content.length} bytes`)
  assert.ok(content.subarray(0, 499_900).equals(plain.subarray(0, 499_900)))
})

test('[I13] a wrong checksum is said, the bytes are kept', async (t) => {
  const compressed = gzipSync(long)
  compressed[compressed.length - 5]! ^= 1
  const { content, damage } = await readFile(t, compressed)
  assert.equal(damage, 'gzip-corrupt')
  assert.ok(content.equals(long))
})

test('[I13] what follows the last member and is none is said', async (t) => {
  for (const trailing of ['\0\0\0\0', '\0'.repeat(1_000_000)]) {
    const { content, damage } = await readFile(t, gzipSync('all'), Buffer.from(trailing))
    assert.equal(content.toString(), 'all')
    assert.equal(damage, 'gzip-trailing-bytes')
  }
  for (const good of [Buffer.from('all'), long]) {
    const { content, damage } = await readFile(t, gzipSync(good), Buffer.from('no gzip at all'))
    assert.ok(content.equals(good))
    assert.equal(damage, 'gzip-corrupt')
  }
})

test('[I15] a file that inflates a thousandfold is handed over in pieces', async (t) => {
  const zeros = 600_000_000
  const file = await InputFile.find(bytesFile(tempFolder(t), 'zeros', gzipSync(Buffer.alloc(zeros))))
  const before = process.memoryUsage().arrayBuffers
  let bytes = 0
  let peak = 0
  for await (const chunk of file.chunks()) {
    bytes += chunk.length
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  assert.equal(bytes, zeros)
  assert.ok(peak < 400_000_000, `${peak} bytes at once`)
})

test('[I13] a file that is missing, and a folder, are typed errors', async (t) => {
  const folder = tempFolder(t)
  const codeOf = (path: string) =>
    InputFile.find(path).then(
      () => 'found',
      (error) => (error instanceof SpateError ? error.code : 'untyped'),
    )
  assert.equal(await codeOf(`${folder}/absent`), 'not-found')
  assert.equal(await codeOf(folder), 'invalid')
})

/** Random bytes, and a gzip member of exactly `length` bytes that holds them. */
function stored(length: number): { plain: Buffer; compressed: Buffer } {
  let size = length - 100
  for (;;) {
    const plain = randomBytes(size)
    const compressed = gzipSync(plain, { level: 0 })
    if (compressed.length === length) return { plain, compressed }
    size += length - compressed.length
  }
}
