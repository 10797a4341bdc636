import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { parseExactly } from '../../base/exact-json.ts'
import { TurnGate } from '../../base/turn-gate.ts'
import {
  integerOf,
  invalidArguments,
  isCountThing,
  pointspacedDeclaration,
  writeOfMetric,
} from '../../meters/pointspaced.ts'
import { MAX_KEY_LENGTH } from '../../meters/records.ts'
import type { App } from '../app.ts'
import type { HttpServices } from '../services.ts'
import { requireAdmin } from '../visitor.ts'
import { checkAsked, idsOf, jsonMap, listOf, PointspacedReader } from './pointspaced-reading.ts'

/** Queries of many users at once, and those that may wait. */
const AT_ONCE = 4
const MAY_WAIT = 256
/** What is wrong with a write is told so; the rest is a problem document as everywhere. */
const NOT_ACCEPTABLE: ReadonlySet<string> = new Set(['invalid', 'not-found', 'conflict', 'gone', 'too-large'])

const Part = Type.String({ maxLength: 64 })
const RangeParams = { start: Part, end: Part }

/**
 * The HTTP side of pointspaced, so that its callers go on as they are: the same requests and replies. Writing needs
 * the organiser's token. What it did wrongly is done rightly or refused; PROTOCOL.md lists it.
 */
export async function pointspacedRoutes(app: App, services: HttpServices): Promise<void> {
  const { meters } = services
  const reader = new PointspacedReader(meters.questions)
  const reading = new TurnGate(AT_ONCE, MAY_WAIT, 'too many queries are being answered')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  app.get(
    '/health/ping',
    {
      schema: {
        summary: 'pointspaced: whether the server answers',
        response: { 200: Type.Object({ pong: Type.String() }) },
      },
    },
    async () => ({ pong: 'OK' }),
  )

  app.get(
    '/v1/query/:uid/:thing/:atid/:start/:end',
    {
      schema: {
        summary: 'pointspaced: the sum of a user, as text',
        params: Type.Object({ uid: Part, thing: Part, atid: Part, ...RangeParams }),
      },
    },
    async ({ params }, reply) =>
      told(reply, 'text/plain', async () => {
        const [uid = ''] = idsOf(params.uid)
        return String(await reader.sum(uid, params.thing, params.atid, reader.spanOf(params)))
      }),
  )

  app.post(
    '/v1/query_ids/:thing/:atid/:start/:end',
    {
      schema: {
        summary: 'pointspaced: the sums of users (form: ids=1,2)',
        params: Type.Object({ thing: Part, atid: Part, ...RangeParams }),
      },
    },
    async ({ params, body }, reply) =>
      told(reply, 'application/json', () =>
        reading.pass(async () => {
          const span = reader.spanOf(params)
          const sums = new Map<string, string>()
          for (const uid of idsOf(formOf(body).get('ids'))) {
            sums.set(uid, String(await reader.sum(uid, params.thing, params.atid, span)))
          }
          return jsonMap(sums)
        }),
      ),
  )

  app.post(
    '/v1/mu_query/:thing/:atid/:start/:end',
    {
      schema: {
        summary: 'pointspaced: the sums of users, and their activity types (form: ids=1,2)',
        params: Type.Object({ thing: Part, atid: Part, ...RangeParams }),
      },
    },
    async ({ params, body }, reply) =>
      told(reply, 'application/json', () =>
        reading.pass(async () => {
          const span = reader.spanOf(params)
          const values = new Map<string, string>()
          const atids = new Map<string, string>()
          for (const uid of idsOf(formOf(body).get('ids'))) {
            const found = await reader.byType(uid, params.thing, params.atid, span)
            values.set(uid, String(found.sum))
            atids.set(uid, `[${found.atids.join(',')}]`)
          }
          return `{"values":${jsonMap(values)},"atids":${jsonMap(atids)}}`
        }),
      ),
  )

  for (const version of ['v1', 'v2'] as const) {
    app.post(
      `/${version}/mumt_query/:atid/:start/:end`,
      {
        schema: {
          summary:
            version === 'v1'
              ? 'pointspaced: users and things (form: ids=1,2 things=steps,points)'
              : 'pointspaced: users and things, each user in seconds of their own (form: ids, things, offsets)',
          params: Type.Object({ atid: Part, ...RangeParams }),
        },
      },
      async ({ params, body }, reply) =>
        told(reply, 'application/json', () =>
          reading.pass(async () => {
            const form = formOf(body)
            const uids = idsOf(form.get('ids'))
            const things = listOf(form.get('things'))
            checkAsked(uids.length * things.length)
            const offsets = version === 'v1' ? uids.map(() => 0n) : listOf(form.get('offsets')).map(integerOf)
            if (offsets.length !== uids.length) {
              void reply.status(422)
              return '{"error":"len(uids) != len(offsets)"}'
            }
            const users = new Map<string, string>()
            for (const [i, uid] of uids.entries()) {
              const span = reader.spanOf(params, offsets[i])
              const user = await reader.user(uid, things, params.atid, span)
              if (user !== undefined) users.set(uid, user)
            }
            return `{"data":${jsonMap(users)}}`
          }),
        ),
    )
  }

  app.get(
    '/v1/readcount/:thing/:start/:end',
    {
      schema: {
        summary: 'pointspaced: how often something was counted, as text',
        params: Type.Object({ thing: Type.String({ maxLength: 256 }), ...RangeParams }),
      },
    },
    async ({ params }, reply) =>
      told(reply, 'text/plain', async () => String(await reader.count(params.thing, reader.spanOf(params)))),
  )

  app.post(
    '/v1/readcount_with_ids/:prefix/:start/:end',
    {
      schema: {
        summary: 'pointspaced: how often PREFIX_ID was counted, for each id (form: ids=1,2)',
        params: Type.Object({ prefix: Type.String({ maxLength: 256 }), ...RangeParams }),
      },
    },
    async ({ params, body }, reply) =>
      told(reply, 'application/json', () =>
        reading.pass(async () => {
          const span = reader.spanOf(params)
          const counts = new Map<string, string>()
          for (const id of listOf(formOf(body).get('ids'))) {
            const thing = `${params.prefix}_${id}`
            if (!isCountThing(thing)) throw invalidArguments()
            counts.set(id, String(await reader.count(thing, span)))
          }
          return jsonMap(counts)
        }),
      ),
  )

  app.post(
    '/v1/write',
    {
      onRequest: async (request) => requireAdmin(request.visitor),
      schema: {
        summary: 'pointspaced: write a metric (JSON: thing, uid, atid, aid, value, ts1, ts2)',
        description:
          'The value is what the user’s activity sums up to from ts1 to ts2 (mode diffadd, unless said), ' +
          'or is added at ts2 (mode increment).',
        security: [{ bearer: [] }],
        headers: Type.Object({
          'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH })),
        }),
      },
    },
    async ({ body, headers }, reply) =>
      told(reply, 'text/plain', async () => {
        const write = writeOfMetric(jsonOf(body), (thing) => reader.isThing(thing))
        if (!reader.has(write.meter)) await meters.declare(pointspacedDeclaration(write.meter))
        await meters.write([write], headers['idempotency-key'] ?? '')
        return 'ok'
      }),
  )
}

/** Sends what the work makes, or, where it cannot be, 406 and why. Errors: what is the server's fault. */
async function told(
  reply: FastifyReply,
  type: 'text/plain' | 'application/json',
  work: () => Promise<string>,
): Promise<FastifyReply> {
  void reply.header('cache-control', 'no-cache').type(`${type}; charset=utf-8`)
  try {
    return reply.send(await work())
  } catch (error) {
    if (!(error instanceof SpateError) || !NOT_ACCEPTABLE.has(error.code)) throw error
    return reply
      .status(406)
      .type('text/plain; charset=utf-8')
      .send(error.message.replace(/^write 0: /, ''))
  }
}

function formOf(body: unknown): URLSearchParams {
  return new URLSearchParams(typeof body === 'string' ? body : '')
}

/** Errors: `invalid`. */
function jsonOf(body: unknown): unknown {
  try {
    return parseExactly(typeof body === 'string' ? body : '')
  } catch {
    throw invalidArguments()
  }
}
