import { Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { MAX_ENTITIES_ASKED } from '../../meters/questions.ts'
import type { App } from '../app.ts'
import type { Asking } from './asking.ts'
import { exactly } from './exact.ts'
import { Exact, MeterName, Name, RANGE_HELP, RangeProperties, SpanSchema } from './schemas.ts'
import type { Under } from './under.ts'

const MAX_METERS_ASKED = 100
/** Meters times entities. */
const MAX_SUMS = MAX_ENTITIES_ASKED
/** As many names, each as long as it may be. */
const MAX_BODY_BYTES = 4 << 20

/** More entities and meters than an address can name. */
export async function sumsRoutes(app: App, { prefix, params, baseOf }: Under, asking: Asking): Promise<void> {
  app.post(
    `${prefix}/sums`,
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        summary: 'What many entities sum up to in many meters',
        description: `At most ${MAX_SUMS} sums, in the order of the entities. ${RANGE_HELP}`,
        params: Type.Object(params),
        body: Type.Object(
          {
            meters: Type.Array(MeterName, { minItems: 1, maxItems: MAX_METERS_ASKED }),
            entities: Type.Array(Name, { minItems: 1, maxItems: MAX_ENTITIES_ASKED }),
            where: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Name)),
            ...RangeProperties,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            ...SpanSchema,
            meters: Type.Array(Type.Object({ meter: Type.String(), sums: Type.Array(Exact) })),
          }),
        },
      },
    },
    async (request, reply) => {
      const { meters, entities, where = {}, ...query } = request.body
      if (meters.length * entities.length > MAX_SUMS) {
        throw new SpateError('too-large', `at most ${MAX_SUMS} sums are answered at once`)
      }
      const base = await baseOf(request)
      const { questions } = base.source
      return asking.answer(request, reply, base, query, async ({ span }) => {
        const answers: { meter: string; sums: (number | string)[] }[] = []
        const pace = new Pace()
        for (const meter of meters) {
          const own = entities.map((entity) => base.entityOf(meter, entity))
          answers.push({ meter, sums: (await questions.sums(meter, own, span, where)).map(exactly) })
          await pace.turn()
        }
        return { meters: answers }
      })
    },
  )
}
