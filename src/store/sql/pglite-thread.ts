/**
 * PGlite in a thread of its own: its statements are computed, not waited for, and a server has other things to do
 * meanwhile. Answers come in the order of the questions. Started by `pglite-connection.ts`.
 */
import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { assert } from '../../base/assert.ts'

export interface ThreadSettings {
  readonly folder: string
  readonly schema: string
}

export interface Question {
  readonly id: number
  /** Null: close the database. */
  readonly text: string | null
  /** Undefined: the text may be several statements. */
  readonly values: readonly unknown[] | undefined
}

/** The first answer has the id 0 and says that the database is open. */
export type Answer = { readonly id: number; readonly rows: unknown[]; readonly affected: number } | Failed

interface Failed {
  readonly id: number
  readonly message: string
  readonly state: string | undefined
}

/** Small: a page that is not found here is in the system's cache. */
const SETTINGS = ['shared_buffers=8MB', 'wal_buffers=256kB', 'max_wal_size=64MB', 'min_wal_size=8MB']
/** The last words of a database that does not open. */
const MAX_SAID = 2000

const port = parentPort
assert(port !== null, 'runs as a thread')
// Who starts the thread gives these; see ThreadSettings.
const { folder, schema } = workerData as ThreadSettings

let said = ''
function failure(id: number, error: unknown): Failed {
  const state = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  const message = error instanceof Error ? error.message : String(error)
  return { id, message, state: typeof state === 'string' ? state : undefined }
}

// V8's optimizing compiler takes 500 MB for a moment at each start, and makes large statements 1.5 times as fast.
// The flags hold for all WebAssembly that the process compiles from here on, which is otherwise only Node's own.
for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'])
  setFlagsFromString(flag)

const opening = PGlite.create(folder, {
  startParams: [
    ...PGlite.defaultStartParams.map((param) =>
      param.startsWith('search_path=') ? `search_path=${schema}` : param,
    ),
    ...SETTINGS.flatMap((setting) => ['-c', setting]),
  ],
  initDbStartParams: ['--wal-segsize=1'],
  onStderr: (text) => {
    said = (said + text).slice(-MAX_SAID)
    return true
  },
})

async function answerTo({ id, text, values }: Question): Promise<Answer> {
  const db = await opening
  if (text === null) {
    await db.close()
    return { id, rows: [], affected: 0 }
  }
  if (values === undefined) {
    const results = await db.exec(text)
    return { id, rows: results.flatMap(({ rows }) => rows), affected: 0 }
  }
  const { rows, affectedRows = 0 } = await db.query(text, [...values])
  return { id, rows, affected: affectedRows }
}

// It also keeps the thread alive while the database opens.
port.on('message', async (question: Question) => {
  port.postMessage(await answerTo(question).catch((error: unknown) => failure(question.id, error)))
})

const opened = await opening.then(
  (): Answer => ({ id: 0, rows: [], affected: 0 }),
  (error: unknown) => {
    const { message, state } = failure(0, error)
    return { id: 0, state, message: said === '' ? message : `${message}: ${said}` }
  },
)
port.postMessage(opened)
