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
  /** Fields that an answer may have, lists taken to be of ten. */
  readonly fields: number
}

const LIST_LENGTH = 10

/**
 * What an operation may cost, before it is validated: fragments are followed wherever they are named, so one that
 * names itself ends at the limit of depth or of fields.
 *
 * @returns the fields that an answer may have, or a sentence about what is too much
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: CostLimits,
): number | string {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  let fields = 0
  let visits = 0
  let rootFields = 0

  /** @returns why it is too much */
  function visit(
    { selections }: SelectionSetNode,
    type: GraphQLNamedType | undefined,
    depth: number,
    nesting: number,
    times: number,
  ): string | undefined {
    if (depth > limits.depth || nesting > 2 * limits.depth) return `a query is at most ${limits.depth} deep`
    for (const selection of selections) {
      visits += 1
      if (visits > limits.fields) return tooMany()
      if (selection.kind === Kind.FIELD) {
        fields += times
        if (depth === 1 && selection.name.value !== '__typename') rootFields += 1
        if (fields > limits.fields) return tooMany()
        if (rootFields > limits.rootFields) return `at most ${limits.rootFields} things may be asked at once`
        const field =
          type !== undefined && isCompositeType(type)
            ? schema.getField(type, selection.name.value)
            : undefined
        if (selection.selectionSet === undefined) continue
        const isList = field !== undefined && isListType(getNullableType(field.type))
        const refusal = visit(
          selection.selectionSet,
          field === undefined ? undefined : getNamedType(field.type),
          depth + 1,
          nesting + 1,
          isList ? times * LIST_LENGTH : times,
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
        )
        if (refusal !== undefined) return refusal
      }
    }
    return undefined
  }

  function tooMany(): string {
    return `an answer has at most ${limits.fields} fields`
  }

  return (
    visit(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, 1, 1, 1) ?? fields
  )
}
