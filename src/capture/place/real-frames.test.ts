import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { realData } from '../../../test/support/real-data.ts'
import { Chain } from './chain.ts'

const urls = realData('place2022/frame-urls.txt.gz')
/** Longer than any wait between two frames of a source that goes on. */
const GAP_MS = 5000

interface Told {
  readonly url: string
  readonly kind: 'full' | 'diff'
  readonly timestampMs: number
}

function framesOf(canvas: number): Told[] {
  const lines = gunzipSync(readFileSync(urls.path)).toString().trim().split('\n')
  return lines.flatMap((url): Told[] => {
    const [, ms = '', index, kind] = /\/(\d+)-(\d+)-([fd])-[^/]+\.png$/.exec(url) ?? []
    if (Number(index) !== canvas) return []
    return [{ url, kind: kind === 'f' ? 'full' : 'diff', timestampMs: Number(ms) }]
  })
}

test('[K9] of two hours of a real capture the gaps are the holes, up to the next full frame', {
  skip: urls.skip,
}, () => {
  const told = framesOf(0).sort((a, b) => a.timestampMs - b.timestampMs)
  assert.ok(told.length > 10_000)
  const chain = new Chain({ index: 0, dx: 0, dy: 0 })
  const expected: [fromMs: number, toMs: number][] = []
  let lastMs = told[0]!.timestampMs
  let wholeMs: number | undefined
  for (const { url, kind, timestampMs } of told) {
    // The names do not tell what came before; frames that follow soon are taken to follow.
    const isGap = timestampMs - lastMs > GAP_MS
    const previousMs = isGap ? timestampMs - 100 : lastMs
    chain.tell(
      { kind, url, timestampMs, previousMs: kind === 'full' ? timestampMs : previousMs },
      timestampMs,
    )
    const fetched = { canvas: 0, url, sha256: 'ab', sizeBytes: 1, atMs: timestampMs, detail: '' }
    chain.fetched({ ...fetched, status: 'stored' })
    const row = { canvas: 0, timestampMs, cells: 1, asked: 0 }
    chain.applied({ ...row, previousMs: kind === 'full' ? Number.NaN : previousMs }, timestampMs + 50)
    const isLost = wholeMs !== undefined && wholeMs === lastMs && (isGap || kind === 'full')
    if (kind === 'full') {
      const fromMs = wholeMs ?? told[0]!.timestampMs
      if (fromMs < timestampMs) expected.push([fromMs, timestampMs])
      wholeMs = timestampMs
    } else if (wholeMs === lastMs && !isLost) wholeMs = timestampMs
    lastMs = timestampMs
  }
  if (wholeMs !== lastMs) expected.push([wholeMs ?? told[0]!.timestampMs, lastMs])
  const { holes, covered } = chain.report()
  assert.deepEqual(
    holes.map(({ fromMs, toMs }) => [fromMs, toMs]),
    expected,
  )
  assert.ok(covered.length >= 3)
  assert.equal(chain.waiting.size, 0)
  assert.equal(chain.counts.applied, told.length)
})
