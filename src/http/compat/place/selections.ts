import {
  executeSubscriptionEvent,
  type GraphQLError,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql'
import { assert } from '../../../base/assert.ts'
import { SpateError } from '../../../base/errors.ts'
import { fieldsOf } from './cost.ts'
import type { OperationRequest } from './dialects.ts'
import type { Prepared } from './documents.ts'
import { placeSchema } from './schema.ts'

/** Different subscriptions that a server keeps at once; equal ones share. */
const MAX_SELECTIONS = 1024
/** So that nobody takes them all. */
const MAX_OF_AN_ADDRESS = 128
/** Fields of all of them: each is looked up for every message. */
const MAX_FIELDS_OF_ALL = 65_536
const MAX_FIELDS_OF_AN_ADDRESS = 16_384
/** What the lists of a message are taken to be. */
const LIST_LENGTH = 10
/** Query and variables of one. */
const MAX_CHARACTERS = 8_192
/** Fields of each message that one asks for. The event's own clients asked for about a hundred. */
const MAX_FIELDS = 500

export type Channel =
  | { readonly category: 'CONFIG' }
  | { readonly category: 'CANVAS'; readonly canvas: number }

/** What one kind of client wants to know of a channel's messages. All who ask in the same words share it. */
export class Selection {
  readonly channel: Channel
  /** What the addresses of frames begin with. */
  readonly media: string
  /** The address that asked first. */
  readonly maker: string
  readonly #args: ValidatedSubscriptionArgs
  /** Of a message. */
  readonly fields: number
  holders = 0

  constructor(
    channel: Channel,
    media: string,
    maker: string,
    fields: number,
    args: ValidatedSubscriptionArgs,
  ) {
    this.maker = maker
    this.fields = fields
    this.channel = channel
    this.media = media
    this.#args = args
  }

  /** JSON of the result for a message. */
  payloadOf(message: unknown): string {
    return JSON.stringify(executed(this.#args, message))
  }
}

/** What an address has of them. */
interface Held {
  readonly count: number
  readonly fields: number
}

const NOTHING: Held = { count: 0, fields: 0 }

export class Selections {
  readonly #byKey = new Map<string, Selection>()
  readonly #keys = new Map<Selection, string>()
  readonly #byAddress = new Map<string, Held>()
  #fields = 0

  /**
   * To be given back. A list of errors says why it cannot be.
   * Errors: `invalid` for a channel that is none, `too-large`, `limited`, `overloaded`.
   */
  take(
    request: OperationRequest,
    prepared: Prepared,
    media: string,
    address: string,
  ): Selection | readonly GraphQLError[] {
    const key = JSON.stringify([media, request.query, request.operationName, request.variables])
    const known = this.#byKey.get(key)
    if (known !== undefined) {
      known.holders += 1
      return known
    }
    const fields = fieldsOf(prepared.cost, LIST_LENGTH, LIST_LENGTH)
    this.#requireRoom(key, fields, address)
    const selection = made(request, prepared, media, address, fields)
    if (!(selection instanceof Selection)) return selection
    selection.holders = 1
    this.#byKey.set(key, selection)
    this.#keys.set(selection, key)
    this.#held(address, 1, fields)
    return selection
  }

  #held(address: string, count: number, fields: number): void {
    const before = this.#byAddress.get(address) ?? NOTHING
    const after = { count: before.count + count, fields: before.fields + fields }
    this.#fields += fields
    if (after.count > 0) this.#byAddress.set(address, after)
    else this.#byAddress.delete(address)
  }

  #requireRoom(key: string, fields: number, address: string): void {
    if (key.length > MAX_CHARACTERS)
      throw new SpateError('too-large', `a subscription has at most ${MAX_CHARACTERS} characters`)
    if (fields > MAX_FIELDS)
      throw new SpateError('too-large', `a subscription asks for at most ${MAX_FIELDS} fields`)
    const held = this.#byAddress.get(address) ?? NOTHING
    if (held.count >= MAX_OF_AN_ADDRESS)
      throw new SpateError('limited', `at most ${MAX_OF_AN_ADDRESS} different subscriptions an address`)
    if (held.fields + fields > MAX_FIELDS_OF_AN_ADDRESS)
      throw new SpateError(
        'limited',
        `the different subscriptions of an address ask for at most ${MAX_FIELDS_OF_AN_ADDRESS} fields`,
      )
    if (this.#byKey.size >= MAX_SELECTIONS || this.#fields + fields > MAX_FIELDS_OF_ALL)
      throw new SpateError(
        'overloaded',
        `at most ${MAX_SELECTIONS} different subscriptions at once, of ${MAX_FIELDS_OF_ALL} fields`,
      )
  }

  giveBack(selection: Selection): void {
    selection.holders -= 1
    if (selection.holders > 0) return
    this.#byKey.delete(this.#keys.get(selection) ?? '')
    this.#keys.delete(selection)
    this.#held(selection.maker, -1, -selection.fields)
  }

  get size(): number {
    return this.#byKey.size
  }
}

function made(
  { operationName, variables }: OperationRequest,
  { document }: Prepared,
  media: string,
  maker: string,
  fields: number,
): Selection | readonly GraphQLError[] {
  const args = validateSubscriptionArgs({
    schema: placeSchema,
    document,
    operationName,
    variableValues: variables,
  })
  if (!('schema' in args)) return args
  const channel = channelOf(args)
  return 'category' in channel ? new Selection(channel, media, maker, fields, args) : channel
}

/** Executed once for nobody, to learn which channel is meant, wherever its name stands. */
function channelOf(args: ValidatedSubscriptionArgs): Channel | readonly GraphQLError[] {
  let named: { readonly category: string; readonly tag?: string | null } | undefined
  const { errors } = executed(args, ({ input }: SubscribeArguments) => {
    named = input.channel
    return null
  })
  if (errors !== undefined) return errors
  if (named === undefined) throw new SpateError('invalid', 'name the channel')
  if (named.category === 'CONFIG') return { category: 'CONFIG' }
  if (!/^\d{1,9}$/.test(named.tag ?? '')) throw new SpateError('invalid', 'the tag of a canvas is its index')
  return { category: 'CANVAS', canvas: Number(named.tag) }
}

interface SubscribeArguments {
  readonly input: { readonly channel: { readonly category: string; readonly tag?: string | null } }
}

function executed(
  args: ValidatedSubscriptionArgs,
  subscribe: unknown,
): { readonly data?: unknown; readonly errors?: readonly GraphQLError[] } {
  const result = executeSubscriptionEvent({ ...args, rootValue: { subscribe } })
  assert(!(result instanceof Promise), 'nothing is waited for')
  return result
}
