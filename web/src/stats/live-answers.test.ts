import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/support/clock.ts'
import { LiveAnswers, type SourceEvents } from './live-answers.ts'

class FakeSource {
  readonly events: SourceEvents
  isClosed = false

  constructor(events: SourceEvents) {
    this.events = events
  }

  close(): void {
    this.isClosed = true
  }
}

function arrange() {
  const clock = new ManualClock()
  const sources: FakeSource[] = []
  const heard: string[] = []
  const answers = new LiveAnswers({
    open: (events) => {
      const source = new FakeSource(events)
      sources.push(source)
      return source
    },
    clock,
    random: () => 1,
    onAnswer: (text) => heard.push(text),
    onStatus: (status) => heard.push(status),
  })
  return { clock, sources, heard, answers }
}

test('[W6] a stream that ends is opened again, later each time, until it is heard from', async () => {
  const { clock, sources, heard } = arrange()
  sources[0]?.events.onMessage('a')
  for (const waitMs of [500, 1000, 2000]) {
    const count = sources.length
    sources.at(-1)?.events.onError()
    await clock.advance(waitMs - 1)
    assert.equal(sources.length, count)
    await clock.advance(1)
    assert.equal(sources.length, count + 1)
  }
  sources.at(-1)?.events.onOpen()
  sources.at(-1)?.events.onError()
  await clock.advance(500)
  assert.equal(sources.length, 5)
  assert.ok(sources.slice(0, -1).every(({ isClosed }) => isClosed))
  assert.deepEqual(heard, ['live', 'a', 'waiting', 'waiting', 'waiting', 'live', 'waiting'])
})

test('[W6] a wait ends at once when it is told to; an open stream stays', async () => {
  const { clock, sources, answers } = arrange()
  answers.retryNow()
  assert.equal(sources.length, 1)
  sources[0]?.events.onError()
  answers.retryNow()
  assert.equal(sources.length, 2)
  await clock.advance(60_000)
  assert.equal(sources.length, 2)
})

test('[W6] a stream that was left is not heard of again', async () => {
  const { clock, sources, heard, answers } = arrange()
  answers[Symbol.dispose]()
  sources[0]?.events.onError()
  answers.retryNow()
  await clock.advance(60_000)
  assert.equal(sources.length, 1)
  assert.ok(sources[0]?.isClosed)
  assert.deepEqual(heard, [])
})
