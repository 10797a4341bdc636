import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'

export interface CostLimits {
  readonly depth: number
  /** Fields of the operation's root, by whatever alias. */
  readonly rootFields: number
  /** Fields that an answer may have. */
  readonly fields: number
  /** Fields that are asked for at one place of the answer: a validator compares each with each. */
  readonly repetitions: number
  readonly fragments: number
}

/** Fields that an answer has: so many alone, and so many for each colour and each canvas of its board. */
export interface Cost {
  readonly once: number
  readonly ofColor: number
  readonly ofCanvas: number
}

type Share = keyof Cost

/** Lists whose lengths differ by board, by the name of their field. */
const LISTS: Readonly<Record<string, Share>> = { colors: 'ofColor', canvasConfigurations: 'ofCanvas' }
/** What all others are taken to be. */
const LIST_LENGTH = 10

export function fieldsOf({ once, ofColor, ofCanvas }: Cost, colors: number, canvases: number): number {
  return once + ofColor * colors + ofCanvas * canvases
}

/**
 * What an operation may cost, before it is validated: fragments are followed wherever they are named, so one that
 * names itself ends at the limit of depth or of fields.
 *
 * @returns what an answer may have, or a sentence about what is too much
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: CostLimits,
): Cost | string {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  if (fragments.size > limits.fragments) return `a document has at most ${limits.fragments} fragments`
  const cost: Record<Share, number> = { once: 0, ofColor: 0, ofCanvas: 0 }
  const asked = new Map<string, number>()
  let visits = 0
  let rootFields = 0

  /** @returns why it is too much */
  function visit(
    { selections }: SelectionSetNode,
    type: GraphQLNamedType | undefined,
    depth: number,
    nesting: number,
    times: number,
    share: Share,
    place: string,
  ): string | undefined {
    if (depth > limits.depth || nesting > 2 * limits.depth) return `a query is at most ${limits.depth} deep`
    for (const selection of selections) {
      visits += 1
      if (visits > limits.fields) return tooMany()
      if (selection.kind === Kind.FIELD) {
        cost[share] += times
        if (depth === 1 && selection.name.value !== '__typename') rootFields += 1
        if (cost[share] > limits.fields) return tooMany()
        const at = `${place}.${selection.alias?.value ?? selection.name.value}`
        const repetitions = (asked.get(at) ?? 0) + 1
        if (repetitions > limits.repetitions)
          return `a field is asked for at most ${limits.repetitions} times`
        asked.set(at, repetitions)
        if (rootFields > limits.rootFields) return `at most ${limits.rootFields} things may be asked at once`
        const field =
          type !== undefined && isCompositeType(type)
            ? schema.getField(type, selection.name.value)
            : undefined
        if (selection.selectionSet === undefined) continue
        const isList = field !== undefined && isListType(getNullableType(field.type))
        const list = isList ? LISTS[field.name] : undefined
        const refusal = visit(
          selection.selectionSet,
          field === undefined ? undefined : getNamedType(field.type),
          depth + 1,
          nesting + 1,
          isList && list === undefined ? times * LIST_LENGTH : times,
          list ?? share,
          at,
        )
        if (refusal !== undefined) return refusal
      } else {
        const fragment =
          selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
        if (fragment === undefined) continue
        const condition = fragment.typeCondition?.name.value
        const refusal = visit(
          fragment.selectionSet,
          condition === undefined ? type : schema.getType(condition),
          depth,
          nesting + 1,
          times,
          share,
          place,
        )
        if (refusal !== undefined) return refusal
      }
    }
    return undefined
  }

  function tooMany(): string {
    return `an answer has at most ${limits.fields} fields`
  }

  const root = schema.getRootType(operation.operation) ?? undefined
  return visit(operation.selectionSet, root, 1, 1, 1, 'once', '') ?? cost
}
