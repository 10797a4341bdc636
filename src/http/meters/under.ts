import type { FastifyRequest } from 'fastify'
import { type TObject, type TString, Type } from 'typebox'
import { SpateError } from '../../base/errors.ts'
import type { Filter } from '../../meters/questions.ts'
import type { MeterBase } from './base.ts'
import { MeterName } from './schemas.ts'

/** Meters under one address. */
export interface Under {
  /** What follows is a meter’s name. */
  readonly prefix: string
  readonly params: Record<string, TString>
  /** Errors: `not-found`. */
  baseOf(request: FastifyRequest): Promise<MeterBase>
}

/** Of an address that names a meter. */
export function paramsOf({ params }: Under): TObject<{ meter: TString }> {
  return Type.Object({ ...params, meter: MeterName })
}

/** What every question about a meter may say besides its range. */
interface Selecting {
  readonly where?: string | readonly string[]
  readonly entity?: string | readonly string[]
}

interface Selected {
  readonly base: MeterBase
  readonly meter: string
  readonly filter: Filter
  /** As the meter calls them. */
  readonly entities: readonly string[]
}

/** Which meter an address asks about, and what of it. Errors: `invalid`, `not-found`. */
export async function selectedBy(
  { baseOf }: Under,
  request: FastifyRequest<{ Params: { meter: string }; Querystring: Selecting }>,
): Promise<Selected> {
  const { meter } = request.params
  const { where, entity = [] } = request.query
  const base = await baseOf(request)
  base.source.questions.one(meter)
  return {
    base,
    meter,
    filter: filterOf(where),
    entities: [entity].flat().map((text) => base.entityOf(meter, text)),
  }
}

/** Of `dimension:value`, each. Errors: `invalid`. */
export function filterOf(where: string | readonly string[] | undefined): Filter {
  const filter = new Map<string, string>()
  for (const text of where === undefined ? [] : [where].flat()) {
    const at = text.indexOf(':')
    const name = text.slice(0, at)
    if (at === -1 || filter.has(name)) {
      throw new SpateError('invalid', 'where: expected dimension:value, each dimension once')
    }
    filter.set(name, text.slice(at + 1))
  }
  return Object.fromEntries(filter)
}
