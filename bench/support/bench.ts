/**
 * The frame of one bench file. Each file is a process of its own, so that no measurement inherits another's
 * heap, compiled code or warm caches; `main.ts` starts them and gathers their rows.
 *
 *     await bench(async (run) => { … run.row({ … }) })
 */
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import type { Lifetime } from '../../test/support/tmp.ts'
import { type Measured, type Row, rowOf, tableLine } from './row.ts'

/** From a bench to `main.ts`. */
export type BenchMessage = { readonly row: Row } | { readonly note: string }

export interface Run extends Lifetime {
  /** Everything small: proves that the bench works, its figures mean nothing. */
  readonly smoke: boolean
  /** Where servers leave their CPU profiles, if they are to. */
  readonly profileFolder: string | undefined
  row(measured: Measured): void
  /** A condition or an observation that belongs beside the rows. */
  note(text: string): void
  /** Says why there will be no row: a service that is not there. With `REQUIRE_SERVICES=1` that is a failure. */
  skip(reason: string): void
  size(full: number, smoke: number): number
}

/** Runs `body`, then what it registered with `after`, the latest first. A bench without a row fails. */
export async function bench(body: (run: Run) => Promise<void>): Promise<void> {
  const { values } = parseArgs({
    options: { smoke: { type: 'boolean', default: false }, profile: { type: 'string' } },
  })
  const hooks: (() => unknown)[] = []
  const cleanUp = async (): Promise<void> => {
    for (let hook = hooks.pop(); hook !== undefined; hook = hooks.pop()) await hook()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(128 + constants.signals[signal])))
  }
  let rows = 0
  let isSkipped = false
  const tell = (message: BenchMessage): void => {
    if (process.send !== undefined) process.send(message)
    else console.log('row' in message ? tableLine(message.row) : `  ${message.note}`)
  }
  const run: Run = {
    smoke: values.smoke,
    profileFolder: values.profile,
    after: (hook) => hooks.push(hook),
    row(measured) {
      rows += 1
      tell({ row: rowOf(measured) })
    },
    note: (note) => tell({ note }),
    skip(reason) {
      if (process.env.REQUIRE_SERVICES === '1') throw new Error(`REQUIRE_SERVICES=1, but ${reason}`)
      isSkipped = true
      tell({ note: `skipped: ${reason}` })
    },
    size: (full, smoke) => (values.smoke ? smoke : full),
  }
  try {
    await body(run)
    if (rows === 0 && !isSkipped) throw new Error('the bench measured nothing')
  } finally {
    await cleanUp()
    if (process.connected) process.disconnect()
  }
}
