import { ProblemError } from '../../../src/client/api.ts'
import { sentence } from './sentences.ts'

/** A sentence for anything that a request can throw. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ProblemError) return sentence(error.problem.detail)
  if (error instanceof TypeError) return 'The server cannot be reached.'
  return sentence(error instanceof Error ? error.message : String(error))
}
