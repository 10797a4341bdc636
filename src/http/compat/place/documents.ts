import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  Lexer,
  type OperationTypeNode,
  parse,
  recommendedRules,
  Source,
  specifiedRules,
  TokenKind,
  validate,
} from 'graphql'
import { keepNewest } from '../../../base/keep-newest.ts'
import { type Cost, type CostLimits, costOf } from './cost.ts'
import { placeSchema } from './schema.ts'

/** A request for 24 pixels has 1,100 tokens, the longest introspection 190. */
const MAX_TOKENS = 3_000
/** Brackets of all kinds within each other. The parser calls itself for each. */
const MAX_NESTING = 64
const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])
const MAX_ERRORS = 10
const MAX_KEPT = 128
const RULES = [...specifiedRules, ...recommendedRules]
/** Of an answer. */
export const MAX_FIELDS = 100_000
const LIMITS: CostLimits = { depth: 20, rootFields: 24, fields: MAX_FIELDS, repetitions: 16, fragments: 32 }

/** An operation that may be executed. */
export interface Prepared {
  readonly document: DocumentNode
  readonly operation: OperationTypeNode
  readonly cost: Cost
}

/** Parses and validates what is asked; what is asked again is not parsed again. */
export class Documents {
  readonly #prepared = new Map<string, Prepared>()

  has(query: string, operationName: string | undefined): boolean {
    return this.#prepared.has(keyOf(query, operationName))
  }

  /** Errors: a list of `GraphQLError`, of at least one, is returned. */
  prepare(query: string, operationName: string | undefined): Prepared | readonly GraphQLError[] {
    const key = keyOf(query, operationName)
    const known = this.#prepared.get(key)
    if (known !== undefined) return known
    const prepared = prepare(query, operationName)
    if ('document' in prepared) {
      this.#prepared.set(key, prepared)
      keepNewest(this.#prepared, MAX_KEPT)
    }
    return prepared
  }
}

function keyOf(query: string, operationName: string | undefined): string {
  return JSON.stringify([query, operationName])
}

function prepare(query: string, operationName: string | undefined): Prepared | readonly GraphQLError[] {
  let document: DocumentNode
  try {
    if (nestsTooDeep(query))
      return [new GraphQLError(`a document has at most ${MAX_NESTING} brackets within each other`)]
    document = parse(query, { maxLexicalTokens: MAX_TOKENS, noLocation: true })
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
  const operation = getOperationAST(document, operationName)
  if (operation === null || operation === undefined)
    return [new GraphQLError('name the one operation that is asked for')]
  const cost = costOf(placeSchema, document, operation, LIMITS)
  if (typeof cost === 'string') return [new GraphQLError(cost)]
  const errors = validate(placeSchema, document, RULES, { maxErrors: MAX_ERRORS })
  return errors.length > 0 ? errors : { document, operation: operation.operation, cost }
}

/** Of what the parser would read of it. Errors: `GraphQLError` for what is no token. */
function nestsTooDeep(query: string): boolean {
  const lexer = new Lexer(new Source(query))
  let depth = 0
  for (let tokens = 0; tokens < MAX_TOKENS; tokens++) {
    const { kind } = lexer.advance()
    if (kind === TokenKind.EOF) return false
    if (OPENING.has(kind)) depth += 1
    else if (CLOSING.has(kind)) depth -= 1
    if (depth > MAX_NESTING) return true
  }
  return false
}
