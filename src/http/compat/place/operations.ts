import { execute, type GraphQLError } from 'graphql'
import { assert } from '../../../base/assert.ts'
import { SpateError } from '../../../base/errors.ts'
import { problemOf } from '../../problem.ts'
import type { HttpServices } from '../../services.ts'
import type { PlaceBoard } from './board.ts'
import { fieldsOf } from './cost.ts'
import type { OperationRequest } from './dialects.ts'
import { Documents, MAX_FIELDS, type Prepared } from './documents.ts'
import { type ActArguments, act } from './history.ts'
import { placeSchema } from './schema.ts'
import { type Selection, Selections } from './selections.ts'

/** Fields of an answer that cost an address as much as an edit. */
const FIELDS_AN_EDIT = 1_000
/** Characters of a document that is not known yet: to understand it takes as long as it has words. */
const CHARACTERS_AN_EDIT = 250

export type Refusal = { readonly errors: readonly PlainError[] }
export interface PlainError {
  readonly message: string
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** What GraphQL is for here: answers, and subscriptions that are shared. */
export class Operations {
  readonly #services: HttpServices
  readonly #documents = new Documents()
  readonly #selections = new Selections()

  constructor(services: HttpServices) {
    this.#services = services
  }

  /** Takes it from what the address may ask for. Errors: `limited`. */
  prepare(
    { query, operationName }: OperationRequest,
    address: string,
    board: PlaceBoard,
  ): Prepared | Refusal {
    const isKnown = this.#documents.has(query, operationName)
    const words = isKnown ? 1 : Math.max(1, Math.ceil(query.length / CHARACTERS_AN_EDIT))
    this.#take(address, words)
    const prepared = this.#documents.prepare(query, operationName)
    if (!('document' in prepared)) return refusalOf(prepared)
    const fields = fieldsOf(prepared.cost, board.colors, board.canvases)
    if (fields > MAX_FIELDS)
      return {
        errors: [{ message: `an answer of this board has at most ${MAX_FIELDS} fields, not ${fields}` }],
      }
    const more = Math.ceil(fields / FIELDS_AN_EDIT) - words
    if (more > 0) this.#take(address, more)
    return prepared
  }

  #take(address: string, edits: number): void {
    const { addressEdits, clock } = this.#services
    const waitMs = addressEdits.take(address, edits, clock.now())
    if (waitMs > 0)
      throw new SpateError('limited', 'too many requests from this address', { retryAfterMs: waitMs })
  }

  /** JSON of the result of a query or mutation. */
  answer(request: OperationRequest, { document }: Prepared, board: PlaceBoard): string {
    const { players } = this.#services
    const result = execute({
      schema: placeSchema,
      document,
      operationName: request.operationName,
      variableValues: request.variables,
      rootValue: {
        act: (args: ActArguments) => act(board, players, args),
        configuration: () => {
          const { told } = board.configuration
          return told.kind === 'configuration' ? told.fields : undefined
        },
      },
    })
    assert(!(result instanceof Promise), 'nothing is waited for')
    return JSON.stringify(result)
  }

  /** To be given back. Errors: `invalid` for a channel that is none, `too-large`, `limited`, `overloaded`. */
  select(request: OperationRequest, prepared: Prepared, media: string, address: string): Selection | Refusal {
    const selection = this.#selections.take(request, prepared, media, address)
    return 'channel' in selection ? selection : refusalOf(selection)
  }

  giveBack(selection: Selection): void {
    this.#selections.giveBack(selection)
  }

  /** What a socket's client is told where another's would get a problem document. */
  refusal(error: unknown): Refusal {
    const problem = problemOf(error)
    this.#services.failures.answered(problem, error)
    const { status, title, detail, code, retryAfterMs } = problem
    const extensions = retryAfterMs === undefined ? { code } : { code, retryAfterMs }
    return { errors: [{ message: `${status} ${title}: ${detail}`, extensions }] }
  }
}

function refusalOf(errors: readonly GraphQLError[]): Refusal {
  return { errors: errors.map((error) => error.toJSON()) }
}
