/** What the totals of a record are about, read from the store at once. */
import { Pace } from '../base/pace.ts'
import { totalsOver } from './declaration.ts'
import { groupOf, windowsFact } from './names.ts'
import { entitiesOf, type MeterStore, type Sheet, seriesOf } from './port.ts'
import { WriteKind, type Written } from './records.ts'
import type { OneTooMany, Row, Rows } from './rows.ts'
import type { Window } from './totals.ts'

const READ_AT_ONCE = 1000

/** One total: what its rows sum up to in its window, as far as the store knows. */
export interface Said {
  readonly window: Window
  readonly sheet: Sheet
  readonly rows: readonly number[]
  /** The fact that holds the windows in force. */
  readonly windows: string
  stored: bigint
}

/** The record's totals in their order; or the one that is about too many rows. Errors: those of the store. */
export async function totalsOf(
  body: Written,
  rows: readonly Row[],
  numbers: Rows,
  store: MeterStore,
): Promise<Said[] | OneTooMany> {
  const totals: Said[] = []
  const groups = new Map<string, readonly number[] | undefined>()
  for (const [i, row] of rows.entries()) {
    if (body.kind[i] !== WriteKind.total) continue
    const window = { from: body.from[totals.length] ?? 0, end: (body.second[i] ?? 0) + 1 }
    const { meter, entity, series, values } = row
    const width = totalsOver(meter.declaration)
    const group = groupOf(meter.number, entity, values.slice(0, width))
    const windows = windowsFact(group)
    if (width === 0) {
      totals.push({ window, sheet: entitiesOf(meter.number), rows: [entity], windows, stored: 0n })
      continue
    }
    const isWhole = width === values.length
    if (!isWhole && !groups.has(group)) groups.set(group, await numbers.group(row, width))
    const own = isWhole ? [series] : groups.get(group)
    if (own === undefined) return { write: i }
    totals.push({ window, sheet: seriesOf(meter.number), rows: own, windows, stored: 0n })
  }
  await readSums(totals, store)
  return totals
}

async function readSums(totals: readonly Said[], store: MeterStore): Promise<void> {
  const pace = new Pace()
  let reads: Promise<void>[] = []
  for (const total of totals) {
    for (const row of total.rows) reads.push(readSum(total, row, store))
    if (reads.length < READ_AT_ONCE) continue
    await Promise.all(reads)
    reads = []
    await pace.turn()
  }
  await Promise.all(reads)
}

async function readSum(total: Said, row: number, store: MeterStore): Promise<void> {
  const { from, end } = total.window
  const sum = await store.sum(total.sheet, row, from, end)
  total.stored += sum
}
