import type { FastifyRequest } from 'fastify'
import { type TObject, type TString, Type } from 'typebox'
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

/** The base, once it is clear that it has the meter. Errors: `not-found`. */
export async function baseWith(under: Under, request: FastifyRequest, meter: string): Promise<MeterBase> {
  const base = await under.baseOf(request)
  base.source.questions.one(meter)
  return base
}
