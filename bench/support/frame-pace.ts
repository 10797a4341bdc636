import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { realData } from '../../test/support/real-data.ts'

const MEDIAN_MS = 141
const TAKEN = 2000

/** Milliseconds between the diffs of a canvas, as they were recorded in 2022. */
export function framePace(): { readonly intervalsMs: readonly number[]; readonly source: string } {
  const { path, skip } = realData('place2022/frame-urls.txt.gz')
  if (skip !== false)
    return { intervalsMs: [MEDIAN_MS], source: `${MEDIAN_MS} ms, the median of 2022; ${skip}` }
  const names = gunzipSync(readFileSync(path))
    .toString()
    .matchAll(/\/(\d+)-0-d-/g)
  const times = Array.from(names, ([, ms]) => Number(ms))
    .slice(0, TAKEN)
    .toSorted((a, b) => a - b)
  const intervalsMs = times.slice(1).map((ms, i) => ms - (times[i] ?? ms))
  return { intervalsMs: intervalsMs.filter((ms) => ms > 0), source: 'as recorded on canvas 0 in 2022' }
}
