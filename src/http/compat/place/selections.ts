import {
  executeSubscriptionEvent,
  type GraphQLError,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql'
import { assert } from '../../../base/assert.ts'
import { SpateError } from '../../../base/errors.ts'
import type { OperationRequest } from './dialects.ts'
import type { Prepared } from './documents.ts'
import { placeSchema } from './schema.ts'

/** Different subscriptions that a server keeps at once; equal ones share. */
const MAX_SELECTIONS = 1024
/** Query and variables of one. */
const MAX_CHARACTERS = 16_384

export type Channel =
  | { readonly category: 'CONFIG' }
  | { readonly category: 'CANVAS'; readonly canvas: number }

/** What one kind of client wants to know of a channel's messages. All who ask in the same words share it. */
export class Selection {
  readonly channel: Channel
  /** What the addresses of frames begin with. */
  readonly media: string
  readonly #args: ValidatedSubscriptionArgs
  holders = 0

  constructor(channel: Channel, media: string, args: ValidatedSubscriptionArgs) {
    this.channel = channel
    this.media = media
    this.#args = args
  }

  /** JSON of the result for a message. */
  payloadOf(message: unknown): string {
    return JSON.stringify(executed(this.#args, message))
  }
}

export class Selections {
  readonly #byKey = new Map<string, Selection>()
  readonly #keys = new Map<Selection, string>()

  /**
   * To be given back. A list of errors says why it cannot be.
   * Errors: `invalid` for a channel that is none, `too-large`, `overloaded`.
   */
  take(request: OperationRequest, prepared: Prepared, media: string): Selection | readonly GraphQLError[] {
    const key = JSON.stringify([media, request.query, request.operationName, request.variables])
    if (key.length > MAX_CHARACTERS)
      throw new SpateError('too-large', `a subscription has at most ${MAX_CHARACTERS} characters`)
    const known = this.#byKey.get(key)
    const selection = known ?? this.#make(request, prepared, media)
    if (!(selection instanceof Selection)) return selection
    selection.holders += 1
    if (known === undefined) {
      this.#byKey.set(key, selection)
      this.#keys.set(selection, key)
    }
    return selection
  }

  #make(
    { operationName, variables }: OperationRequest,
    { document }: Prepared,
    media: string,
  ): Selection | readonly GraphQLError[] {
    if (this.#byKey.size >= MAX_SELECTIONS)
      throw new SpateError('overloaded', `at most ${MAX_SELECTIONS} different subscriptions at once`)
    const args = validateSubscriptionArgs({
      schema: placeSchema,
      document,
      operationName,
      variableValues: variables,
    })
    if (!('schema' in args)) return args
    const channel = channelOf(args)
    if (!('category' in channel)) return channel
    return new Selection(channel, media, args)
  }

  giveBack(selection: Selection): void {
    selection.holders -= 1
    if (selection.holders > 0) return
    this.#byKey.delete(this.#keys.get(selection) ?? '')
    this.#keys.delete(selection)
  }

  get size(): number {
    return this.#byKey.size
  }
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
