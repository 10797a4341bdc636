import fc from 'fast-check'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { type LogRecord, type NewRecord, positionOf } from '../../src/log/port.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import type { Body, ObjectEntry, ObjectStore } from '../../src/store/objects/port.ts'
import { painted, placed } from './boards.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

/** Everything that a stream may hold: placements, painted cells, and bytes of any type, among them almost-placements. */
export const anyRecord: fc.Arbitrary<NewRecord> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(player(), coordinate(), coordinate(), fc.nat(255)), { maxLength: 30 })
      .map((all) => ({
        type: RecordType.placed,
        body: encodeBody({ type: RecordType.placed, body: placed(...all) }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.tuple(
          player(),
          coordinate(),
          coordinate(),
          fc.nat(255),
          fc.integer({ min: 1e12, max: 1e12 + 1e9 }),
        ),
        {
          maxLength: 20,
        },
      )
      .map((all) => ({
        type: RecordType.painted,
        body: encodeBody({ type: RecordType.painted, body: painted(...all) }),
      })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.nat(255), body: fc.uint8Array({ maxLength: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom<number>(RecordType.placed, RecordType.painted),
      body: fc
        .uint8Array({ maxLength: 40 })
        .map((rest) => Uint8Array.of(1, rest.length % 4, 0, 0, 0, ...rest)),
    }),
  },
)

/** Records with gaps between positions and times that go back, as several servers write them. */
export const anyRun: fc.Arbitrary<LogRecord[]> = fc
  .array(
    fc.tuple(
      anyRecord,
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 2 ** 42 })),
      fc.oneof(fc.nat(50), fc.integer({ min: -1000, max: 100_000 })),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((all) => {
    let position = 0
    let timeMs = 1_700_000_000_000
    return all.map(([{ type, body }, step, ms]) => {
      position += step
      timeMs += ms
      return { position: positionOf(position), timeMs, type, body }
    })
  })

function player(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat(20), fc.nat(2 ** 32 - 1))
}

function coordinate(): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: -5, max: 300 }), fc.nat(65_535))
}

/** In a form that is compared by value, whatever kind of array a body is. */
export function plain(records: readonly LogRecord[]): object[] {
  return records.map(({ position, timeMs, type, body }) => ({
    position,
    timeMs,
    type,
    body: Buffer.from(body).toString('hex'),
  }))
}

/** An empty store of objects in a folder of the test's own. */
export function folderObjects(t: Lifetime): { objects: FolderObjects; folder: string } {
  const folder = tempFolder(t)
  return { objects: FolderObjects.open(folder), folder }
}

/** A store that tells what is done to it, and fails where it is told to. */
export class WatchedObjects implements ObjectStore {
  readonly #inner: ObjectStore
  readonly puts: string[] = []
  /** Bytes read by range. */
  rangeBytes = 0
  /** Throws, or does something first. */
  beforePut: (key: string) => void | Promise<void> = () => {}

  constructor(inner: ObjectStore) {
    this.#inner = inner
  }

  async put(key: string, body: Body): Promise<void> {
    await this.beforePut(key)
    await this.#inner.put(key, body)
    this.puts.push(key)
  }

  get(key: string): Promise<Uint8Array> {
    return this.#inner.get(key)
  }

  async range(key: string, start: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#inner.range(key, start, length)
    this.rangeBytes += bytes.length
    return bytes
  }

  list(prefix: string): AsyncIterable<ObjectEntry> {
    return this.#inner.list(prefix)
  }

  head(key: string): Promise<ObjectEntry | undefined> {
    return this.#inner.head(key)
  }

  delete(key: string): Promise<void> {
    return this.#inner.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }
}
