import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { systemClock } from '../base/clock.ts'
import { MemoryLog } from '../log/memory.ts'
import type { NewRecord, Position } from '../log/port.ts'

/** A log of which the next append to a board waits until it is let go. */
class HeldLog extends MemoryLog {
  readonly asked = Promise.withResolvers<void>()
  readonly letGo = Promise.withResolvers<void>()

  override async append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    if (stream === 'board/lobby' && records[0]?.type !== 1) {
      this.asked.resolve()
      await this.letGo.promise
    }
    return super.append(stream, records)
  }
}

test('[O25] a request that is under way when the server stops is answered', async (t) => {
  const log = new HeldLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log })
  const visitor = await server.visitor()
  const answer = visitor.place(1, 2, 3)
  await log.asked.promise
  const stopped = server.stop()
  await assert.rejects(fetch(`${server.url}/healthz`))
  log.letGo.resolve()
  assert.deepEqual([(await answer).status, (await answer).json().verdict], [200, 'accepted'])
  await stopped
})

test('[O25] a request that takes longer than that is cut off', async (t) => {
  const log = new HeldLog(systemClock)
  const server = await HttpServer.withLobby(t, {}, { log, speed: 1000 })
  const visitor = await server.visitor()
  const cut = assert.rejects(visitor.place(1, 2, 3))
  await log.asked.promise
  await server.stop()
  await cut
  log.letGo.resolve()
})

test('[O25] a connection on which nothing was asked yet holds nobody up', async (t) => {
  const cuts: number[] = []
  const timers = {
    ...systemClock,
    after: (delayMs: number, task: () => void) =>
      systemClock.after(delayMs, () => {
        cuts.push(delayMs)
        task()
      }),
  }
  const server = await HttpServer.start(t, { timers })
  const spare = connect(Number(new URL(server.url).port), '127.0.0.1')
  const ended = once(spare, 'close')
  await once(spare, 'connect')
  // Connections are accepted in turn.
  await (await fetch(`${server.url}/healthz`)).text()
  await server.stop()
  await ended
  assert.ok(!cuts.includes(5_000))
})
