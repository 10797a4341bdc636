import { Type } from 'typebox'
import { type JobView, MAX_LISTED } from '../../jobs/port.ts'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { requireAdmin } from '../visitor.ts'
import { CaptureParams } from './schemas.ts'

/** Where the data of a job says for which capture it is. */
const CAPTURE = 'capture'

const State = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('retrying'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('dead'),
])

const Job = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  state: State,
  data: Type.Unknown(),
  priority: Type.Integer(),
  attempts: Type.Integer({ description: 'tries that were begun' }),
  sentMs: Type.Number(),
  startMs: Type.Number({ description: 'when it may start, or did' }),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'why the last try failed' }),
})

const Counts = Type.Object({
  waiting: Type.Integer(),
  retrying: Type.Integer(),
  running: Type.Integer(),
  dead: Type.Integer(),
})

const Ids = Type.Object(
  { ids: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: MAX_LISTED }) },
  { additionalProperties: false },
)

/** Work that nobody waits for: to see it, to try it again, to forget it. */
export async function jobRoutes(app: App, services: HttpServices): Promise<void> {
  const { jobs } = services
  const security = [{ bearer: [] }]
  app.addHook('onRequest', async (request) => {
    requireAdmin(request.visitor)
    // What was left by captures that nobody follows now would never be done, whatever is said of it here.
    jobs.start()
  })

  app.get(
    '/api/jobs',
    {
      schema: {
        summary: 'Jobs, the latest first, and how many there are of each kind and of each capture',
        security,
        querystring: Type.Object({
          kind: Type.Optional(Type.String({ maxLength: 40 })),
          capture: Type.Optional(CaptureParams.properties.name),
          state: Type.Optional(State),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LISTED })),
        }),
        response: {
          200: Type.Object({
            counts: Type.Record(Type.String(), Counts),
            captures: Type.Record(Type.String(), Counts),
            jobs: Type.Array(Job),
          }),
        },
      },
    },
    async (request) => {
      const { kind, state, capture, limit = MAX_LISTED } = request.query
      const holding = capture === undefined ? undefined : { [CAPTURE]: capture }
      const [counts, captures, listed] = await Promise.all([
        jobs.counts(),
        jobs.countsBy(CAPTURE),
        jobs.list({ kind, state, holding, limit }),
      ])
      return {
        counts: Object.fromEntries(counts),
        captures: Object.fromEntries(captures),
        jobs: listed.map(shown),
      }
    },
  )

  app.post(
    '/api/jobs/retry',
    {
      schema: {
        summary: 'Dead letters begin anew; what waits for its time starts now',
        security,
        body: Ids,
        response: { 200: Type.Object({ retried: Type.Integer() }) },
      },
    },
    async (request) => ({ retried: await jobs.retry(request.body.ids) }),
  )

  app.post(
    '/api/jobs/drop',
    {
      schema: {
        summary: 'What does not run is forgotten',
        security,
        body: Ids,
        response: { 200: Type.Object({ dropped: Type.Integer() }) },
      },
    },
    async (request) => ({ dropped: await jobs.drop(request.body.ids) }),
  )
}

function shown({ reason, ...job }: JobView): Omit<JobView, 'reason'> & { reason: string | null } {
  return { ...job, reason: reason ?? null }
}
