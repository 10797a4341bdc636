import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '../../../src/client/jobs.ts'
import { aboutJob, canDrop, canRetry, countsWords, triesWords } from './job-words.ts'

const NOW_MS = 1_000_000

function job(part: Partial<Job>): Job {
  const any = { id: 'a', kind: 'lost-frame', data: {}, priority: 0, attempts: 1, sentMs: 0, startMs: 0 }
  return { ...any, state: 'dead', reason: null, ...part }
}

test('[K57] a job is called by its file, another by what it carries', () => {
  const data = { capture: 'event', canvas: 2, url: 'https://a.org/frames/f.png?x=1/2' }
  assert.deepEqual(aboutJob({ data }), { what: 'f.png', where: 'event, canvas 2', title: data.url })
  assert.deepEqual(aboutJob({ data: { n: 1 } }), { what: '{"n":1}', where: '', title: '{"n":1}' })
  assert.equal(aboutJob({ data: { url: '' } }).what, '')
})

test('[K57] what waits for its time or failed may begin now; what runs stays', () => {
  const later = NOW_MS + 40_000
  const cases: readonly [Partial<Job>, string, boolean, boolean][] = [
    [{ state: 'dead', attempts: 13 }, '13 tries', true, true],
    [{ state: 'retrying', startMs: later }, '1 try, next in 40 s', true, true],
    [{ state: 'retrying', startMs: 0 }, '1 try, next now', false, true],
    [{ state: 'waiting', attempts: 0 }, 'next now', false, true],
    [{ state: 'running' }, '1 try', false, false],
    [{ state: 'done' }, '1 try', false, false],
  ]
  for (const [part, words, retries, drops] of cases) {
    const each = job(part)
    assert.deepEqual(
      [triesWords(each, NOW_MS), canRetry(each, NOW_MS), canDrop(each)],
      [words, retries, drops],
    )
  }
  assert.equal(
    countsWords({ dead: 2, retrying: 0, running: 1, waiting: 1000 }),
    '2 failed, 1 running, 1,000 waiting',
  )
  assert.equal(countsWords({ dead: 0, retrying: 0, running: 0, waiting: 0 }), '')
})
