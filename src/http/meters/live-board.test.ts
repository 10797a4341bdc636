import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/support/clock.ts'
import { SpateError } from '../../base/errors.ts'
import { type Position, positionOf } from '../../log/port.ts'
import { Listeners, type MeterSource } from '../../meters/source.ts'
import { LiveBoards, type LiveQuestion, type Outlet } from './live-board.ts'
import { rangeOf } from './range.ts'

class Reader implements Outlet {
  readonly texts: string[] = []
  full = false
  isOver = false

  write(bytes: Uint8Array): void {
    assert.ok(!this.isOver)
    this.texts.push(Buffer.from(bytes).toString())
  }

  isFull(): boolean {
    return this.full
  }

  end(): void {
    this.isOver = true
  }

  /** What it was sent since it was last asked. */
  take(): string[] {
    return this.texts.splice(0)
  }
}

/** A question whose answer is what the test says. */
class Desk {
  readonly clock = new ManualClock()
  readonly boards = new LiveBoards(this.clock, 2)
  readonly #listeners = new Listeners()
  position: Position = positionOf(1)
  places = '["a"]'
  asked = 0
  error: Error | undefined

  get question(): LiveQuestion {
    const desk = this
    const source = {
      get position() {
        return desk.position
      },
      onChange: (listener: () => void) => this.#listeners.add(listener),
    } as MeterSource // No other part of it is used here.
    return {
      source,
      range: rangeOf({ from: '2020' }),
      answer: async () => {
        this.asked += 1
        if (this.error !== undefined) throw this.error
        return { range: '"from":0', places: this.places }
      },
    }
  }

  async change(places: string, ms = 1000): Promise<void> {
    this.places = places
    this.position = positionOf(this.position + 1)
    this.#listeners.tell()
    await this.pass(ms)
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
  }
}

const event = (id: number, places: string): string => `id: ${id}\ndata: {"from":0,"places":${places}}\n\n`

test('[H56] a reader who is behind is sent the newest when there is room', async () => {
  const desk = new Desk()
  const [quick, slow] = [new Reader(), new Reader()]
  desk.boards.watch('q', desk.question, quick, undefined)
  const watching = desk.boards.watch('q', desk.question, slow, undefined)
  await desk.pass(0)
  assert.deepEqual([quick.take(), slow.take()], [[event(1, '["a"]')], [event(1, '["a"]')]])
  slow.full = true
  await desk.change('["b"]')
  await desk.change('["c"]')
  assert.deepEqual(quick.take(), [event(2, '["b"]'), event(3, '["c"]')])
  assert.deepEqual(slow.take(), [])
  slow.full = false
  watching.drained()
  watching.drained()
  assert.deepEqual(slow.take(), [event(3, '["c"]')])
})

test('[H56] however fast a meter changes, a leaderboard is made once a second', async () => {
  const desk = new Desk()
  const reader = new Reader()
  desk.boards.watch('q', desk.question, reader, undefined)
  await desk.pass(0)
  for (let i = 0; i < 50; i++) await desk.change(`["${i}"]`, 100)
  assert.deepEqual([desk.asked, reader.take().length], [6, 6])
})

test('[H56] why there is no answer is told once; a reason that passes is waited out, another ends the stream', async () => {
  const desk = new Desk()
  const reader = new Reader()
  desk.boards.watch('q', desk.question, reader, undefined)
  await desk.pass(0)
  reader.take()
  desk.error = new SpateError('unavailable', 'the store is down')
  await desk.change('["b"]')
  await desk.pass(5000)
  const [problem = '', ...others] = reader.take()
  assert.match(problem, /^event: problem\ndata: \{.*"code":"unavailable".*\}\n\n$/)
  assert.deepEqual(others, [])
  desk.error = undefined
  await desk.pass(1000)
  assert.deepEqual(reader.take(), [event(2, '["b"]')])
  desk.error = new SpateError('gone', 'no longer kept')
  await desk.change('["c"]')
  assert.match(reader.take().join(), /"code":"gone"/)
  assert.ok(reader.isOver)
  assert.equal(desk.boards.count, 0)
})

test('[H56] a reader who is behind is held no reasons either, however often there is no answer', async () => {
  const desk = new Desk()
  const reader = new Reader()
  const { drained } = desk.boards.watch('q', desk.question, reader, undefined)
  await desk.pass(0)
  reader.take()
  reader.full = true
  for (let i = 0; i < 5; i++) {
    desk.error = new SpateError('unavailable', `the store is down, ${i}`)
    await desk.change(`["${i}"]`)
    desk.error = undefined
    await desk.pass(1000)
  }
  assert.deepEqual(reader.take(), [])
  reader.full = false
  drained()
  assert.deepEqual(reader.take(), [event(6, '["4"]')])
})

test('[H56] leaderboards that nobody watches are not made, and there are only so many', async () => {
  const desk = new Desk()
  const first = desk.boards.watch('a', desk.question, new Reader(), undefined)
  desk.boards.watch('b', desk.question, new Reader(), undefined)
  assert.ok(desk.boards.isWatched('a'))
  assert.throws(() => desk.boards.isWatched('c'), /too many leaderboards/)
  await desk.pass(0)
  first.leave()
  assert.equal(desk.boards.isWatched('c'), false)
  const asked = desk.asked
  await desk.change('["b"]')
  assert.equal(desk.asked - asked, 1)
})
