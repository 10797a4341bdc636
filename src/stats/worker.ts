import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf, SpateError } from '../base/errors.ts'
import { Strokes } from '../boards/canvas/strokes.ts'
import { Measurer } from './measurer.ts'
import { type MeterPlace, openStores } from './place.ts'
import type { MeasureJob, ThreadAnswer, ThreadJob, ToldError } from './thread.ts'

/** Whoever plays goes first: on Linux a thread has a priority of its own. */
const NICE = 10

// Handed over by `MeterThread`.
const place = workerData as MeterPlace
const stop = new AbortController()
const measurers = new Map<string, Promise<Measurer>>()
const underWay = new Set<Promise<void>>()
const stores = openStores(place)
// Who asks for a store is told.
stores.catch(() => undefined)

function told(error: unknown): ToldError {
  if (error instanceof SpateError) return { code: error.code, message: error.message }
  return { code: 'corrupt', message: `measuring failed: ${messageOf(error)}` }
}

function answer(message: ThreadAnswer): void {
  parentPort?.postMessage(message)
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
  parentPort?.close()
}

if (process.platform === 'linux') setPriority(NICE)
parentPort?.on('message', (job: ThreadJob) => {
  if (job.kind === 'end') void end()
  else {
    const measuring = measure(job).finally(() => underWay.delete(measuring))
    underWay.add(measuring)
  }
})
