import { type Static, Type } from 'typebox'
import { SpateError } from '../base/errors.ts'
import type { Banned, CanvasRecord, RestoredCell } from '../boards/canvas/records.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { verdictName } from '../boards/canvas/verdict.ts'
import type { BoardHost } from '../boards/host.ts'
import { planReinstate, planRollback, type RollbackFilter, restoredRecords } from '../boards/restore.ts'
import type { App } from './app.ts'
import { COOLDOWN_MIXED } from './boards.ts'
import { problemOfVerdict } from './problem.ts'
import {
  AreaSchema,
  BoardParams,
  colorsOf,
  OutcomeSchema,
  PaletteSchema,
  RulesSchema,
  rulesOf,
} from './schemas.ts'
import type { HttpServices } from './services.ts'
import { requireAdmin } from './visitor.ts'

const Reason = Type.Optional(Type.String({ maxLength: 500 }))
/** A number, or a name. */
const PlayerRef = Type.Union([
  Type.Integer({ minimum: 1, maximum: 2 ** 32 - 1 }),
  Type.String({ maxLength: 200 }),
])
const Time = Type.String({ format: 'date-time' })

const BanBody = Type.Object(
  {
    player: PlayerRef,
    /** Default: for ever. */
    seconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1e9 })),
    /** The player goes on seeing their own edits, nobody else does. */
    shadow: Type.Optional(Type.Boolean()),
    reason: Reason,
    /** Also take back all that the player painted. */
    rollback: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

const RollbackBody = Type.Object(
  {
    player: Type.Optional(PlayerRef),
    area: Type.Optional(AreaSchema),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    reason: Reason,
  },
  { additionalProperties: false, minProperties: 1 },
)

const RestoreOutcome = Type.Object({
  /** Of the last record written; of the board when nothing had to be. */
  position: Type.Integer(),
  /** Positions of the records written: what DELETE …/rollbacks/:position takes. */
  records: Type.Array(Type.Integer()),
  restored: Type.Integer(),
  /** Cells that somebody painted while the rollback was planned. */
  superseded: Type.Integer(),
})

const BanSchema = Type.Object({
  player: Type.Integer(),
  untilMs: Type.Union([Type.Number(), Type.Null()]),
  shadow: Type.Boolean(),
  reason: Type.String(),
})

/** What only the organiser may do. Each is one record (or run of records) in the board's stream. */
export async function adminRoutes(app: App, services: HttpServices): Promise<void> {
  const { boards, players, clock } = services
  const security = [{ bearer: [] }]
  // Before the body is read.
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))

  function numberOf(player: Static<typeof PlayerRef>): number {
    const number = typeof player === 'number' ? player : players.playerNamed(player)
    if (number === undefined || players.player(number) === undefined) {
      throw new SpateError('not-found', `there is no player ${JSON.stringify(player)}`)
    }
    return number
  }

  async function record(host: BoardHost, body: CanvasRecord): Promise<Static<typeof OutcomeSchema>> {
    const [outcome] = await host.append([body])
    if (outcome === undefined) throw new SpateError('unavailable', 'the log answered without a verdict')
    const problem = problemOfVerdict(outcome.verdicts[0] ?? 0, 0)
    if (problem !== undefined) throw new SpateError('conflict', problem.detail)
    return { position: outcome.position, verdict: verdictName(outcome.verdicts[0] ?? 0) }
  }

  async function restore(
    host: BoardHost,
    kind: 'rollback' | 'reinstate',
    player: number,
    reason: string,
    cells: readonly RestoredCell[],
  ): Promise<Static<typeof RestoreOutcome>> {
    const outcomes = await host.append(restoredRecords(kind, player, reason, cells))
    const verdicts = outcomes.flatMap((outcome) => [...outcome.verdicts])
    const restored = verdicts.filter((verdict) => verdict === 0).length
    return {
      position: outcomes.at(-1)?.position ?? host.canvas.position,
      records: outcomes.map(({ position }) => position),
      restored,
      superseded: verdicts.length - restored,
    }
  }

  async function ban(host: BoardHost, body: Static<typeof BanBody>): Promise<Banned> {
    const player = numberOf(body.player)
    const untilMs = body.seconds === undefined ? null : clock.now() + body.seconds * 1000
    const reason = body.reason ?? ''
    const banned = { player, untilMs, shadow: body.shadow ?? false, reason }
    await record(host, { type: RecordType.banned, body: banned })
    if (body.rollback) {
      await restore(host, 'rollback', player, reason, await planRollback(host, { player }))
    }
    return banned
  }

  async function unban(host: BoardHost, player: number): Promise<void> {
    await record(host, { type: RecordType.unbanned, body: { player } })
    await restore(host, 'reinstate', player, 'unbanned', await planReinstate(host, { player }))
  }

  app.post(
    '/api/boards/:id/resize',
    {
      schema: {
        summary: 'Change the extent; what was painted stays, also outside',
        security,
        params: BoardParams,
        body: AreaSchema,
        response: { 200: OutcomeSchema },
      },
    },
    async (request) =>
      record(boards.get(request.params.id), { type: RecordType.resized, body: { extent: request.body } }),
  )

  app.post(
    '/api/boards/:id/palette',
    {
      schema: {
        summary: 'Change the colours; there may be more, not fewer',
        security,
        params: BoardParams,
        body: Type.Object({ palette: PaletteSchema }, { additionalProperties: false }),
        response: { 200: OutcomeSchema },
      },
    },
    async (request) => {
      const palette = colorsOf(request.body.palette)
      return record(boards.get(request.params.id), { type: RecordType.repainted, body: { palette } })
    },
  )

  app.post(
    '/api/boards/:id/rules',
    {
      schema: {
        summary: 'Change cooldown, undo time or active zone; what is not named stays',
        security,
        params: BoardParams,
        body: RulesSchema,
        response: { 200: OutcomeSchema },
      },
    },
    async (request) => {
      const host = boards.get(request.params.id)
      const rules = rulesOf(request.body, host.canvas.info.rules)
      if (rules === undefined) throw new SpateError('invalid', COOLDOWN_MIXED)
      return record(host, { type: RecordType.ruled, body: { rules } })
    },
  )

  app.put(
    '/api/boards/:id/locks/:lock',
    {
      schema: {
        summary: 'Lock an area',
        security,
        params: Type.Object({
          id: Type.String({ maxLength: 64 }),
          lock: Type.String({ minLength: 1, maxLength: 64 }),
        }),
        body: Type.Object({ ...AreaSchema.properties, reason: Reason }, { additionalProperties: false }),
        response: { 200: OutcomeSchema },
      },
    },
    async (request) => {
      const { id, lock } = request.params
      const body = { lock: { ...request.body, id: lock, reason: request.body.reason ?? '' } }
      return record(boards.get(id), { type: RecordType.locked, body })
    },
  )

  app.delete(
    '/api/boards/:id/locks/:lock',
    {
      schema: {
        summary: 'Unlock an area',
        security,
        params: Type.Object({
          id: Type.String({ maxLength: 64 }),
          lock: Type.String({ minLength: 1, maxLength: 64 }),
        }),
        response: { 200: OutcomeSchema },
      },
    },
    async (request) => {
      const { id, lock } = request.params
      const host = boards.get(id)
      if (!host.canvas.info.locks.some((known) => known.id === lock)) {
        throw new SpateError('not-found', `there is no lock ${JSON.stringify(lock)}`)
      }
      return record(host, { type: RecordType.unlocked, body: { id: lock } })
    },
  )

  app.get(
    '/api/boards/:id/bans',
    {
      schema: {
        summary: 'Who is banned from a board',
        security,
        params: BoardParams,
        response: { 200: Type.Object({ bans: Type.Array(BanSchema) }) },
      },
    },
    async (request) => ({ bans: [...boards.get(request.params.id).canvas.bans.values()] }),
  )

  app.post(
    '/api/boards/:id/bans',
    {
      schema: {
        summary: 'Ban a player from a board',
        security,
        params: BoardParams,
        body: BanBody,
        response: { 201: BanSchema },
      },
    },
    async (request, reply) => {
      const banned = await ban(boards.get(request.params.id), request.body)
      return reply.status(201).send(banned)
    },
  )

  app.post(
    '/api/bans',
    {
      schema: {
        summary: 'Ban a player from every board',
        security,
        body: BanBody,
        response: { 201: Type.Object({ boards: Type.Array(Type.String()) }) },
      },
    },
    async (request, reply) => {
      numberOf(request.body.player)
      // A board that has stopped is no reason to leave the player on the others.
      const hosts = boards.all()
      const results = await Promise.allSettled(hosts.map((host) => ban(host, request.body)))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return reply.status(201).send({ boards: hosts.map(({ id }) => id) })
    },
  )

  app.delete(
    '/api/boards/:id/bans/:player',
    {
      schema: {
        summary: 'Unban a player; what a rollback took from them comes back where nobody painted since',
        security,
        params: Type.Object({ id: Type.String({ maxLength: 64 }), player: Type.Integer({ minimum: 1 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { player } = request.params
      if (!host.canvas.bans.has(player)) throw new SpateError('not-found', `player ${player} is not banned`)
      await unban(host, player)
      return reply.status(204).send(null)
    },
  )

  app.post(
    '/api/boards/:id/rollbacks',
    {
      schema: {
        summary:
          'Take back what a player, in an area, in a span of time, has painted (all that is named must match)',
        security,
        params: BoardParams,
        body: RollbackBody,
        response: { 201: RestoreOutcome },
      },
    },
    async (request, reply) => {
      const host = boards.get(request.params.id)
      const { player, area, from, to, reason } = request.body
      const filter: RollbackFilter = {
        ...(player === undefined ? {} : { player: numberOf(player) }),
        ...(area === undefined ? {} : { area }),
        ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
        ...(to === undefined ? {} : { toMs: Date.parse(to) }),
      }
      if (Object.keys(filter).length === 0)
        throw new SpateError('invalid', 'name a player, an area or a time')
      const cells = await planRollback(host, filter)
      return reply.status(201).send(await restore(host, 'rollback', filter.player ?? 0, reason ?? '', cells))
    },
  )

  app.delete(
    '/api/boards/:id/rollbacks/:position',
    {
      schema: {
        summary: 'Undo the rollback recorded at a position, where nobody painted since',
        security,
        params: Type.Object({ id: Type.String({ maxLength: 64 }), position: Type.Integer({ minimum: 1 }) }),
        response: { 200: RestoreOutcome },
      },
    },
    async (request) => {
      const host = boards.get(request.params.id)
      const { position } = request.params
      const cells = await planReinstate(host, { position })
      return restore(host, 'reinstate', 0, `undo of the rollback at ${position}`, cells)
    },
  )
}
