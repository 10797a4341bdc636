import { feedEventOf } from './event-blocks.ts'
import type { IdOrder } from './settings.ts'

const decoder = new TextDecoder()
const MAX_ID_LENGTH = 4096

/** How a feed names its messages: what of its settings its fold needs. */
export interface IdScheme {
  readonly isEvents: boolean
  readonly idPointer: string | null
  readonly order: IdOrder
  readonly gapEvents: readonly string[]
}

/** What one message says of itself. */
export interface Named {
  readonly id: string | undefined
  /** It says nothing but an id, as signs of life do. */
  readonly isBare: boolean
  /** It says that something was left out. */
  readonly saysGap: boolean
}

export function namedIn(bytes: Uint8Array, { isEvents, idPointer, gapEvents }: IdScheme): Named {
  if (!isEvents) return { id: pointed(decoder.decode(bytes), idPointer), isBare: false, saysGap: false }
  const { event, id, data } = feedEventOf(bytes)
  const own = id === '' ? undefined : bounded(id)
  const found = idPointer === null ? own : data === undefined ? undefined : pointed(data, idPointer)
  return { id: found, isBare: data === undefined, saysGap: gapEvents.includes(event) }
}

/** RFC 6901. Numbers beyond 2⁵³ lose their last digits: such ids should come as text. */
function pointed(json: string, pointer: string | null): string | undefined {
  if (pointer === null) return undefined
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    // Looked into as JSON allows, whatever it is.
    value = (value as Record<string, unknown>)[name]
  }
  return typeof value === 'string' || typeof value === 'number' ? bounded(String(value)) : undefined
}

function bounded(id: string | undefined): string | undefined {
  return id === undefined || id.length > MAX_ID_LENGTH ? undefined : id
}

/** How many ids lie between two that follow each other; negative where the second is not the later; undefined: not known. */
export function idsBetween(before: string, after: string): bigint | undefined {
  const whole = /^\d{1,40}$/
  if (!whole.test(before) || !whole.test(after)) return undefined
  return BigInt(after) - BigInt(before) - 1n
}
