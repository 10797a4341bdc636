import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Boards } from '../../src/boards/boards.ts'
import { decodeBody } from '../../src/boards/canvas/codec.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { type Digest, Digests } from '../../src/boards/digest.ts'
import { boardStream } from '../../src/boards/host.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { type LogRecord, START } from '../../src/log/port.ts'
import { Kv } from '../../src/store/kv.ts'
import type { ServerProcess } from '../support/server.ts'
import { tempFolder } from '../support/tmp.ts'

const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const TABLES = 16

/** What a dead server left behind. */
export interface Remains {
  readonly records: readonly LogRecord[]
  /** Of the board as folded from the log alone, in a folder that holds nothing else. */
  readonly digest: Digest
}

/** Reads a copy of the log that a dead server left, and folds it from the beginning. */
export async function remainsOf(t: TestContext, dataFolder: string, board: string): Promise<Remains> {
  const copy = tempFolder(t)
  cpSync(join(dataFolder, 'log'), join(copy, 'log'), { recursive: true })
  await using log = LmdbLog.open(join(copy, 'log'), systemClock)
  await using kv = Kv.open(join(copy, 'state'), TABLES)
  const onSnapshotError = (_board: string, error: unknown): void => assert.fail(String(error))
  await using boards = await Boards.open({
    log,
    kv,
    clock: systemClock,
    onSnapshotError,
    onStopped: onSnapshotError,
  })
  const records = await log.read(boardStream(board), START, ALL)
  return { records, digest: new Digests(boards.get(board).canvas).get() }
}

/** A server that runs again shows what the log holds, whichever way it is asked. */
export async function assertShows(server: ServerProcess, board: string, remains: Remains): Promise<void> {
  const at = `${server.url}/api/boards/${board}`
  assert.deepEqual(await (await fetch(`${at}/digest`)).json(), remains.digest)
  const image = await bytesOf(`${at}/image.png`)
  const replay = await bytesOf(`${at}/image.png?at=${remains.digest.position}`)
  assert.ok(image.length > 0 && image.equals(replay), 'the image is what a replay to the head draws')
}

/** What a cell's history says is what the log holds of it. */
export async function assertHistory(
  server: ServerProcess,
  board: string,
  { x, y }: { readonly x: number; readonly y: number },
  records: readonly LogRecord[],
): Promise<void> {
  const logged = records.flatMap(({ position, type, body }) => {
    const record = decodeBody(type, body)
    if (record.type !== RecordType.placed) return []
    const { count, x: xs, y: ys, color } = record.body
    const here = Array.from({ length: count }, (_, i) => i).filter((i) => xs[i] === x && ys[i] === y)
    return here.map((i) => ({ position: position as number, color: color[i]! }))
  })
  const response = await fetch(`${server.url}/api/boards/${board}/cells/${x}/${y}/history?limit=1000`)
  // The shape that the server's schema guarantees.
  const { entries } = (await response.json()) as { entries: { position: number; color: number }[] }
  assert.ok(logged.length > 0)
  assert.deepEqual(
    entries.map(({ position, color }) => ({ position, color })),
    logged.reverse(),
  )
}

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return Buffer.from(await response.arrayBuffer())
}
