/**
 * The two vocabularies of GraphQL over a WebSocket, both of JSON texts:
 *
 *     graphql-ws (subscriptions-transport-ws)      graphql-transport-ws
 *     connection_init  →  connection_ack, ka       connection_init  →  connection_ack
 *     start            →  data … complete, error   subscribe        →  next … complete, error
 *     stop             →  complete                 complete
 *     connection_terminate                         ping ⇄ pong
 *
 * They share words, so a client that agreed on neither is understood, and answered in those that it used.
 */
export const SUBPROTOCOLS = ['graphql-ws', 'graphql-transport-ws'] as const
export type Subprotocol = (typeof SUBPROTOCOLS)[number]

/** The name of an operation is the client's own, text or number: it is given back as it came. */
export type OperationId = string | number

const MAX_ID_LENGTH = 128
/** Objects and lists within each other. */
const MAX_NESTING = 32

export interface OperationRequest {
  readonly query: string
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

export type PlaceClientMessage =
  | { readonly type: 'init'; readonly payload: unknown }
  | {
      readonly type: 'start'
      readonly id: OperationId
      readonly dialect: Subprotocol
      readonly request: OperationRequest
    }
  | { readonly type: 'stop'; readonly id: OperationId; readonly dialect: Subprotocol }
  | { readonly type: 'ping'; readonly payload: unknown }
  | { readonly type: 'pong' }
  | { readonly type: 'terminate' }
  | { readonly type: 'malformed'; readonly id: OperationId | undefined; readonly reason: string }

export function decodePlaceMessage(text: string): PlaceClientMessage {
  const message = objectIn(parsed(text))
  if (message === undefined || nestsDeeper(message, MAX_NESTING))
    return { type: 'malformed', id: undefined, reason: 'expected a JSON object' }
  const id = isId(message.id) ? message.id : undefined
  const malformed = (reason: string): PlaceClientMessage => ({ type: 'malformed', id, reason })
  switch (message.type) {
    case 'connection_init':
      return { type: 'init', payload: message.payload }
    case 'connection_terminate':
      return { type: 'terminate' }
    case 'ping':
      return { type: 'ping', payload: message.payload }
    case 'pong':
      return { type: 'pong' }
    case 'start':
    case 'subscribe': {
      if (id === undefined) return malformed('expected an id')
      const request = requestIn(message.payload)
      if (typeof request === 'string') return malformed(request)
      return { type: 'start', id, dialect: dialectOf(message.type), request }
    }
    case 'stop':
    case 'complete':
      if (id === undefined) return malformed('expected an id')
      return { type: 'stop', id, dialect: message.type === 'stop' ? 'graphql-ws' : 'graphql-transport-ws' }
    default:
      return malformed('expected a known type')
  }
}

function dialectOf(type: 'start' | 'subscribe'): Subprotocol {
  return type === 'start' ? 'graphql-ws' : 'graphql-transport-ws'
}

/** As it also stands in the body of a POST. A sentence says what is wrong with it. */
export function requestIn(payload: unknown): OperationRequest | string {
  const { query, operationName, variables } = objectIn(payload) ?? {}
  if (typeof query !== 'string') return 'expected a query'
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    return 'expected a name of an operation'
  const known = variables === undefined || variables === null ? {} : objectIn(variables)
  if (known === undefined) return 'expected variables by name'
  return { query, operationName: operationName ?? undefined, variables: known }
}

/** The token in the first message's payload, however deep its client has put it. */
export function bearerIn(payload: unknown): string | undefined {
  const fields = objectIn(payload)
  for (const [name, value] of Object.entries(fields ?? {})) {
    const key = name.toLowerCase()
    if (key === 'headers') {
      const nested = objectIn(value)
      const token = nested === undefined ? undefined : bearerIn(nested)
      if (token !== undefined) return token
    }
    if (key === 'authorization' && typeof value === 'string') return bearerOf(value)
  }
  return undefined
}

/** Of a header `Authorization`; undefined for other schemes. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization ?? '')?.[1]
}

export function ackMessage(): string {
  return '{"type":"connection_ack"}'
}

export function keepAliveMessage(dialect: Subprotocol): string {
  return dialect === 'graphql-ws' ? '{"type":"ka"}' : '{"type":"ping"}'
}

export function pongMessage(payload: unknown): string {
  return JSON.stringify({ type: 'pong', payload })
}

/** Only of the older protocol: the other says it by a close. */
export function connectionErrorMessage(message: string): string {
  return JSON.stringify({ payload: { message }, type: 'connection_error' })
}

/** @param payload JSON */
export function dataMessage(dialect: Subprotocol, id: OperationId, payload: string): string {
  const type = dialect === 'graphql-ws' ? 'data' : 'next'
  return `{"payload":${payload},"id":${JSON.stringify(id)},"type":"${type}"}`
}

/** Ends the operation. */
export function errorMessage(
  dialect: Subprotocol,
  id: OperationId | undefined,
  errors: readonly { readonly message: string }[],
): string {
  const payload = dialect === 'graphql-ws' ? { ...errors[0], message: errors[0]?.message ?? '' } : errors
  return JSON.stringify({ payload, id, type: 'error' })
}

export function completeMessage(id: OperationId): string {
  return JSON.stringify({ id, type: 'complete' })
}

/** Offers of a client that names its protocols in more than one header, each of them once; empty ones are none. */
export function withoutRepetition(offer: string): string {
  const names = offer.split(',').map((name) => name.trim())
  return [...new Set(names.filter((name) => name !== ''))].join(', ')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // An object of JSON has values by name.
  return value as Readonly<Record<string, unknown>>
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => nestsDeeper(part, levels - 1))
}

function isId(id: unknown): id is OperationId {
  return typeof id === 'number' || (typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH)
}
