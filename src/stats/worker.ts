/** What `MeterProcess` starts. It ends when it is told to, or at once when nobody is left to tell it. */
import { setPriority } from 'node:os'
import { messageOf, SpateError } from '../base/errors.ts'
import { Strokes } from '../boards/canvas/strokes.ts'
import { Measurer } from './measurer.ts'
import { type MeterPlace, type MeterStores, openStores } from './place.ts'
import type { MeasureJob, ProcessAnswer, ProcessJob, ToldError } from './process.ts'

/** Whoever plays goes first. */
const NICE = 10

const stop = new AbortController()
const opening = Promise.withResolvers<MeterPlace>()
const measurers = new Map<string, Promise<Measurer>>()
const underWay = new Set<Promise<void>>()
const stores: Promise<MeterStores> = opening.promise.then(openStores)
// Who asks for a store is told.
stores.catch(() => undefined)

function told(error: unknown): ToldError {
  if (error instanceof SpateError) return { code: error.code, message: error.message }
  return { code: 'corrupt', message: `measuring failed: ${messageOf(error)}` }
}

/** Nobody to tell: `disconnect` ends it. */
function answer(message: ProcessAnswer): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

async function openMeasurer(space: string, origin: string): Promise<Measurer> {
  const store = await (await stores).open(space)
  return Measurer.open(store, origin, stop.signal, (reason) => {
    answer({ kind: 'stalled', space, reason: reason === undefined ? undefined : told(reason) })
  })
}

async function measure({ id, space, origin, bytes }: MeasureJob): Promise<void> {
  const measurer = measurers.get(space) ?? openMeasurer(space, origin)
  measurers.set(space, measurer)
  try {
    const position = await (await measurer).measure(Strokes.decode(bytes))
    answer({ kind: 'measured', id, position })
  } catch (error) {
    measurers.delete(space)
    answer({ kind: 'failed', id, error: told(error) })
  }
}

async function end(): Promise<void> {
  stop.abort()
  await Promise.all(underWay)
  await stores.then(
    (opened) => opened[Symbol.asyncDispose](),
    () => undefined,
  )
  process.exit()
}

setPriority(NICE)
// They are for the server, which tells; a terminal sends them to both.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  // What the other end sends.
  const job = message as ProcessJob
  if (job.kind === 'begin') opening.resolve(job.place)
  else if (job.kind === 'end') void end()
  else {
    const measuring = measure(job).finally(() => underWay.delete(measuring))
    underWay.add(measuring)
  }
})
