import type { FastifySchemaCompiler } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'

const WHOLE = /^-?\d{1,15}$/
const DECIMAL = /^-?\d{1,15}(\.\d{1,9})?$/
/** How a number of a schema's type is written in an address. */
const WRITTEN: Readonly<Record<string, RegExp>> = { integer: WHOLE, number: DECIMAL }

/**
 * Checks a request's parts against their schemas. Bodies are taken as they are, with nothing coerced and nothing
 * left out. What stands in an address is text: where a schema expects a number, its digits are one.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Bytes are for the route to read; JSON Schema has no word for them.
  if ('format' in schema && schema.format === 'binary') return (value: unknown) => ({ value })
  const check = checkOf(schema)
  const numbers = httpPart === 'body' ? [] : numbersOf(schema)
  return (value: unknown) => {
    const given = numbers.length === 0 ? value : withNumbers(value, numbers)
    const errors = check(given)
    return errors.length === 0 ? { value: given } : { error: errors as never }
  }
}

/** What is wrong with a value. */
type Check = (value: unknown) => readonly unknown[]

/** Of a union of objects that a word tells apart, the one that is meant is checked, and no other spoken of. */
function checkOf(schema: TSchema): Check {
  const { anyOf = [] } = schema as { anyOf?: readonly Alternative[] }
  const name = anyOf[0]?.required?.find((each) => wordsOf(anyOf, each).size === anyOf.length)
  if (name === undefined) return plainCheck(schema)
  const words = wordsOf(anyOf, name)
  const checks = new Map([...words].map(([word, each]) => [word, plainCheck(each)]))
  const none = plainCheck(Type.Object({ [name]: Type.Enum([...words.keys()]) }))
  return (value) => {
    const told = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
    return (checks.get(told) ?? none)(value)
  }
}

/** Those of which a property must be a certain word, by it. */
function wordsOf(alternatives: readonly Alternative[], name: string): ReadonlyMap<string, Alternative> {
  const words = new Map<string, Alternative>()
  for (const each of alternatives) {
    const word = each.properties?.[name]?.const
    if (typeof word === 'string' && each.required?.includes(name)) words.set(word, each)
  }
  return words
}

interface Alternative extends TSchema {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, { readonly const?: unknown }>>
}

function plainCheck(schema: TSchema): Check {
  const check = Compile(schema)
  return (value) => (check.Check(value) ? [] : check.Errors(value))
}

function numbersOf(schema: TSchema): [name: string, written: RegExp][] {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> }
  return Object.entries(properties).flatMap(([name, { type = '' }]) => {
    const written = WRITTEN[type]
    return written === undefined ? [] : [[name, written]]
  })
}

function withNumbers(value: unknown, numbers: readonly [name: string, written: RegExp][]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const given: Record<string, unknown> = { ...value }
  for (const [name, written] of numbers) {
    const text = given[name]
    if (typeof text === 'string' && written.test(text)) given[name] = Number(text)
  }
  return given
}
