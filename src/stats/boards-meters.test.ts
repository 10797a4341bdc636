import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { created, placed } from '../../test/support/boards.ts'
import { MemoryStore } from '../../test/support/memory-kv.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { systemClock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { Boards } from '../boards/boards.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { MemoryLog } from '../log/memory.ts'
import type { MeterSource } from '../meters/source.ts'
import { BoardsMeters } from './boards-meters.ts'
import type { MeterPlace } from './place.ts'

const EVER = { from: 0, to: 2 ** 32 - 2 }

interface Server {
  readonly boards: Boards
  readonly meters: BoardsMeters
  readonly errors: unknown[]
  close(): Promise<void>
}

async function serverOf(log: MemoryLog, state: MemoryStore, place: MeterPlace): Promise<Server> {
  const errors: unknown[] = []
  const boards = await Boards.open({
    log,
    kv: state.asKv(),
    clock: systemClock,
    onSnapshotError: (_board, error) => errors.push(error),
    onStopped: (_board, error) => errors.push(error),
    keepsStrokes: true,
  })
  const meters = await BoardsMeters.open({
    boards,
    log,
    place,
    clock: systemClock,
    onError: (_board, error) => errors.push(error),
    onDeath: (error) => errors.push(error),
  })
  const close = async (): Promise<void> => {
    await meters[Symbol.asyncDispose]()
    await boards[Symbol.asyncDispose]()
  }
  return { boards, meters, errors, close }
}

async function placeOn(boards: Boards, id: string, player: number, count: number): Promise<void> {
  const placements = Array.from({ length: count }, (_, x) => [player, x, player, 1] as const)
  await boards.get(id).append([{ type: RecordType.placed, body: placed(...placements) }])
}

async function has(meters: MeterSource, player: string, placements: bigint): Promise<void> {
  const there = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    const isThere = (await sumOf(meters, player)) >= placements
    if (isThere) there.resolve()
  }
  const stop = meters.onChange(() => void look())
  await look()
  await there.promise
  stop()
  assert.equal(await sumOf(meters, player), placements)
}

async function sumOf(meters: MeterSource, player: string): Promise<bigint> {
  // Before anything happened there are no meters.
  return meters.position === 0 ? 0n : meters.questions.sum('placements', player, EVER)
}

function folderOf(t: TestContext): MeterPlace {
  return { kind: 'lmdb', folder: join(tempFolder(t), 'board-meters') }
}

test('[M38] every board has meters of its own, also one that appears later', async (t) => {
  const log = new MemoryLog(systemClock)
  const { boards, meters, errors, close } = await serverOf(log, new MemoryStore(), folderOf(t))
  t.after(close)
  assert.throws(() => meters.of('a'), { code: 'not-found' })
  await boards.create(created({ id: 'a' }))
  await boards.create(created({ id: 'b' }))
  await placeOn(boards, 'a', 1, 3)
  await placeOn(boards, 'b', 2, 4)
  while (errors.length === 0 && !isThere(meters, 'b')) await new Promise(setImmediate)
  await has(meters.of('a'), '1', 3n)
  await has(meters.of('b'), '2', 4n)
  assert.equal(await meters.of('a').questions.sum('placements', '2', EVER), 0n)
  assert.deepEqual(errors, [])
})

function isThere(meters: BoardsMeters, board: string): boolean {
  try {
    return meters.of(board) !== undefined
  } catch {
    return false
  }
}

test('[M37] a server that stops and starts again goes on from where its meters stand', async (t) => {
  const log = new MemoryLog(systemClock)
  const state = new MemoryStore()
  const place = folderOf(t)
  const first = await serverOf(log, state, place)
  await first.boards.create(created({ id: 'a' }))
  for (let round = 0; round < 5; round++) await placeOn(first.boards, 'a', 1 + round, 10)
  await first.close()
  const second = await serverOf(log, state, place)
  t.after(second.close)
  await has(second.meters.of('a'), '5', 10n)
  for (const player of ['1', '2', '3', '4']) await has(second.meters.of('a'), player, 10n)
  assert.deepEqual([...first.errors, ...second.errors], [])
})

test('[M38] boards go on while the Redis of their meters cannot be reached, and who asks is told', async (t) => {
  const log = new MemoryLog(systemClock)
  const nowhere = { kind: 'redis', url: `redis://127.0.0.1:${await closedPort()}` } as const
  const { boards, meters, errors, close } = await serverOf(log, new MemoryStore(), nowhere)
  t.after(close)
  await boards.create(created({ id: 'a' }))
  await placeOn(boards, 'a', 1, 3)
  while (errors.length === 0) await new Promise(setImmediate)
  assert.equal(errors[0] instanceof SpateError && errors[0].code, 'unavailable')
  assert.throws(() => meters.of('a'), { code: 'unavailable' })
  assert.equal(boards.get('a').stopped, undefined)
})

test('[M38] meters that were made from another log are not gone on from, and who asks is told', async (t) => {
  const place = folderOf(t)
  const first = await serverOf(new MemoryLog(systemClock), new MemoryStore(), place)
  await first.boards.create(created({ id: 'a' }))
  await placeOn(first.boards, 'a', 1, 3)
  while (!isThere(first.meters, 'a')) await new Promise(setImmediate)
  await has(first.meters.of('a'), '1', 3n)
  await first.close()
  const log = new MemoryLog({ ...systemClock, now: () => 1_000_000 })
  const second = await serverOf(log, new MemoryStore(), place)
  t.after(second.close)
  await second.boards.create(created({ id: 'a' }))
  await placeOn(second.boards, 'a', 1, 3)
  while (second.errors.length === 0) await new Promise(setImmediate)
  const [error] = second.errors
  assert.ok(error instanceof SpateError && error.code === 'corrupt' && /another log/.test(error.message))
  assert.throws(() => second.meters.of('a'), { code: 'unavailable' })
  assert.deepEqual(first.errors, [])
})

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo
  await promisify(server.close.bind(server))()
  return port
}
