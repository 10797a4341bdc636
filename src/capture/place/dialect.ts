/**
 * GraphQL over WebSockets, as far as a subscriber speaks it, in both of its protocols. They differ in three words:
 *
 *     graphql-ws            (Apollo's older) connection_init · connection_ack · ka · start · data · error · complete
 *     graphql-transport-ws                   connection_init · connection_ack · ping, pong · subscribe · next · error
 *                                            · complete
 *
 * A server that chooses no subprotocol is spoken to in the older one. What is heard is understood in either.
 */
import type { CloseCause } from '../records.ts'
import { jsonOf, textIn } from './messages.ts'

export const TRANSPORT = 'graphql-transport-ws'

export interface Operation {
  readonly operationName: string
  readonly query: string
  readonly variables: object
}

export type Refusal = Extract<CloseCause, 'unauthorized' | 'limited' | 'refused'>

export type Heard =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'ping'; readonly answer: string }
  | { readonly kind: 'data'; readonly id: string }
  | { readonly kind: 'complete'; readonly id: string }
  | { readonly kind: 'refused'; readonly cause: Refusal; readonly detail: string }
  /** A sign of life, or what is not of the protocol. */
  | { readonly kind: 'other' }

export function initText(token: string | null): string {
  const payload = token === null ? {} : { Authorization: `Bearer ${token}` }
  return JSON.stringify({ type: 'connection_init', payload })
}

export function startText(subprotocol: string, id: string, payload: Operation): string {
  return JSON.stringify({ id, type: subprotocol === TRANSPORT ? 'subscribe' : 'start', payload })
}

export function heard(text: string): Heard {
  const message = jsonOf(text)
  const id = textIn(message?.id)
  switch (message?.type) {
    case 'connection_ack':
      return { kind: 'acknowledged' }
    case 'ping':
      return { kind: 'ping', answer: JSON.stringify({ type: 'pong' }) }
    case 'data':
    case 'next':
      return answered(id, message.payload)
    case 'complete':
      return { kind: 'complete', id }
    case 'error':
    case 'connection_error':
      return refused(message.payload)
    default:
      return { kind: 'other' }
  }
}

/** Errors without data are a refusal in the clothes of an answer. */
function answered(id: string, payload: unknown): Heard {
  const isObject = typeof payload === 'object' && payload !== null
  if (!isObject || !('errors' in payload) || !Array.isArray(payload.errors)) return { kind: 'data', id }
  const isEmpty = !('data' in payload) || payload.data === null || payload.data === undefined
  return isEmpty && payload.errors.length > 0 ? refused(payload.errors) : { kind: 'data', id }
}

const MAX_DETAIL = 500

function refused(payload: unknown): Heard {
  const detail = wordsOf(payload).slice(0, MAX_DETAIL)
  return { kind: 'refused', cause: causeOf(detail), detail }
}

function wordsOf(payload: unknown): string {
  try {
    return JSON.stringify(payload) ?? ''
  } catch {
    // Nested deeper than the stack is.
    return 'no words'
  }
}

function causeOf(detail: string): Refusal {
  if (/unauth|forbidden|\b40[13]\b|token|expired|credential/i.test(detail)) return 'unauthorized'
  if (/rate.?limit|too many|\b429\b|throttl|quota/i.test(detail)) return 'limited'
  return 'refused'
}

/** Why a source closed a connection with this code. */
export function causeOfCode(code: number): CloseCause {
  if (code === 4401 || code === 4403) return 'unauthorized'
  if (code === 4429 || code === 1013) return 'limited'
  return 'lost'
}

/** Why a source answered an upgrade with this HTTP status. */
export function causeOfStatus(status: number): CloseCause {
  if (status === 401 || status === 403) return 'unauthorized'
  return status === 429 || status === 503 ? 'limited' : 'refused'
}

/** What is asked of a channel. */
export function subscriptionTo(category: string, teamOwner: string, tag: string | undefined): Operation {
  const channel = tag === undefined ? { teamOwner, category } : { teamOwner, category, tag }
  return { operationName: 'follow', query: SUBSCRIPTION, variables: { input: { channel } } }
}

const SUBSCRIPTION = `subscription follow($input: SubscribeInput!) {
  subscribe(input: $input) {
    id
    ... on BasicMessage {
      data {
        __typename
        ... on ConfigurationMessageData {
          colorPalette { colors { hex index } }
          canvasConfigurations { index dx dy }
          activeZone { topLeft { x y } bottomRight { x y } }
          canvasWidth
          canvasHeight
        }
        ... on FullFrameMessageData { name timestamp }
        ... on DiffFrameMessageData { name currentTimestamp previousTimestamp }
      }
    }
  }
}`
