import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import type { BoardHost } from '../boards/host.ts'
import { boardStream } from '../boards/host.ts'
import { type Position, positionOf } from '../log/port.ts'
import type { App } from './app.ts'
import { beginEventStream } from './event-stream.ts'
import { positionFrom } from './events.ts'
import { PlacementEvents, stateEvent } from './placement-events.ts'
import { BoardParams } from './schemas.ts'
import type { HttpServices } from './services.ts'

/** Each reads the log by itself. */
const FOLLOWERS_AT_ONCE = 32
const HEARTBEAT_MS = 15_000
/** Who is ahead of this server may come from one that is. */
const AHEAD_MS = 2_000

/**
 * Every placement of a board with its player and time, as server-sent events, from any position to the present and on:
 * for those who keep a board. Nothing is coalesced. What the log does not hold any more is said by `gap`, then the board
 * as it is now follows (`state`, by chunks) and `whole`, from whose position it goes on.
 */
export async function placementRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards } = services
  const stop = new AbortController()
  let followers = 0
  app.addHook('preClose', async () => stop.abort())

  app.get(
    '/api/boards/:id/placements',
    {
      schema: {
        summary: 'Every placement after a position, with players and times, as server-sent events',
        description:
          'id: position. data: columns x, y, color, player, timeMs, and authors by player: [id, name], rgb by colour. Events ' +
          '`created`, `resized`, `repainted`, `gap`, `state`, `whole` besides (PROTOCOL.md).',
        params: BoardParams,
        querystring: Type.Object({ v: Type.Optional(Type.String({ maxLength: 32 })) }),
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const last = request.headers['last-event-id']
      const after = positionFrom(typeof last === 'string' ? last : request.query.v, host.canvas.position)
      if (followers >= FOLLOWERS_AT_ONCE) throw new SpateError('overloaded', 'too many follow placements')
      const raw = beginEventStream(request, reply)
      if (raw === undefined) return
      followers += 1
      const follower = new Follower(services, host, raw, positionOf(after), stop.signal)
      void follower.run().finally(() => {
        followers -= 1
        raw.end()
      })
    },
  )
}

/** One who is sent everything. No faster than it is taken. */
class Follower {
  readonly #services: HttpServices
  readonly #host: BoardHost
  readonly #raw: ServerResponse
  #at: Position
  readonly #stop: AbortSignal
  #wake = Promise.withResolvers<void>()

  constructor(
    services: HttpServices,
    host: BoardHost,
    raw: ServerResponse,
    after: Position,
    stop: AbortSignal,
  ) {
    this.#services = services
    this.#host = host
    this.#raw = raw
    this.#at = after
    const ended = new AbortController()
    raw.on('close', () => ended.abort())
    raw.on('error', () => ended.abort())
    this.#stop = AbortSignal.any([stop, ended.signal])
  }

  async run(): Promise<void> {
    const { clock, logger } = this.#services
    const wake = (): void => this.#wake.resolve()
    const unlisten = this.#host.listen(wake)
    this.#stop.addEventListener('abort', wake, { once: true })
    try {
      if (this.#at > this.#host.canvas.position) await this.#behind()
      while (!this.#stop.aborted) {
        this.#wake = Promise.withResolvers<void>()
        if (this.#at < this.#host.canvas.position) await this.#catchUp()
        else {
          const cancel = clock.after(HEARTBEAT_MS, () => {
            this.#raw.write(`: ${clock.now()}\nid: ${this.#at}\n\n`)
            wake()
          })
          await this.#wake.promise
          cancel()
        }
      }
    } catch (error) {
      logger.warn({ board: this.#host.id, error }, 'placements could not be sent')
    } finally {
      unlisten()
    }
  }

  async #catchUp(): Promise<void> {
    const { log, players } = this.#services
    const { canvas, history, id } = this.#host
    const upTo = canvas.position
    const trimmed = await log.trimmed(boardStream(id))
    const events = new PlacementEvents(canvas, players)
    const from = this.#at
    try {
      for await (const judged of history.records(this.#at, upTo)) {
        if (this.#stop.aborted) return
        if (this.#at === from && from < trimmed && judged.position > trimmed) return await this.#gap(trimmed)
        await this.#write(events.add(judged))
        this.#at = judged.position
      }
      await this.#write(events.flush())
      this.#at = upTo
    } catch (error) {
      if (!(error instanceof SpateError && error.code === 'gone')) throw error
      await this.#gap(trimmed)
    }
  }

  /** This server has not come as far as its follower, or its board is another one. */
  async #behind(): Promise<void> {
    const { clock } = this.#services
    const tooLong = Promise.withResolvers<void>()
    const cancel = clock.after(AHEAD_MS, tooLong.resolve)
    let isTooLong = false
    void tooLong.promise.then(() => {
      isTooLong = true
    })
    while (this.#at > this.#host.canvas.position && !isTooLong && !this.#stop.aborted) {
      this.#wake = Promise.withResolvers<void>()
      await Promise.race([this.#wake.promise, tooLong.promise])
    }
    cancel()
    if (this.#at > this.#host.canvas.position) await this.#gap(this.#host.canvas.position)
  }

  async #gap(to: number): Promise<void> {
    const { players } = this.#services
    const { canvas } = this.#host
    // What changes while chunk after chunk is sent comes again from here on.
    const { position, timeMs } = canvas
    const { extent, palette, background } = canvas.info
    const told = { from: this.#at, to, extent, palette, background, timeMs }
    await this.#write(`event: gap\ndata: ${JSON.stringify(told)}\n\n`)
    for (const [index, chunk] of canvas.chunks.entries()) {
      if (chunk === undefined) continue
      await this.#write(stateEvent(index, chunk, canvas, players))
      if (this.#stop.aborted) return
    }
    await this.#write(`event: whole\nid: ${position}\ndata: ${JSON.stringify({ timeMs })}\n\n`)
    this.#at = position
  }

  async #write(text: string): Promise<void> {
    if (text === '' || this.#stop.aborted || this.#raw.write(text)) return
    await once(this.#raw, 'drain', { signal: this.#stop }).catch(() => {})
  }
}
