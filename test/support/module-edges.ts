import { parse } from '@babel/parser'

/** One import, however it is written; `typeOnly` if nothing of it is left at run time. */
export type Edge = { readonly specifier: string; readonly typeOnly: boolean }

export type Module = {
  /** Relative to the checkout, with `/`. */
  readonly path: string
  readonly edges: readonly Edge[]
  /** Imports whose target is computed, which no reader of the text can follow. */
  readonly computedImports: number
  readonly hasDefaultExport: boolean
  readonly reexportsAll: boolean
}

type Node = { readonly type: string; readonly [field: string]: unknown }

/**
 * What a file imports and how it exports: static, type-only, re-exporting and dynamic imports, `import('…')`
 * types, `require`, and files started as workers by `new URL('./….ts', import.meta.url)`.
 */
export function moduleEdges(path: string, source: string): Module {
  const { program } = parse(source, {
    sourceType: 'module',
    sourceFilename: path,
    createImportExpressions: true,
    plugins: path.endsWith('.tsx') ? ['typescript', 'jsx'] : ['typescript'],
  })
  const edges: Edge[] = []
  let computedImports = 0
  let hasDefaultExport = false
  let reexportsAll = false
  const add = (target: unknown, typeOnly: boolean) => {
    const specifier = text(target)
    if (specifier === undefined) computedImports++
    else edges.push({ specifier, typeOnly })
  }
  for (const node of nodesIn(program)) {
    switch (node.type) {
      case 'ImportDeclaration':
        add(node.source, node.importKind === 'type')
        break
      case 'ExportNamedDeclaration':
        if (node.source) add(node.source, node.exportKind === 'type')
        break
      case 'ExportAllDeclaration':
        add(node.source, node.exportKind === 'type')
        reexportsAll = true
        break
      case 'ExportNamespaceSpecifier':
        reexportsAll = true
        break
      case 'ExportDefaultDeclaration':
        hasDefaultExport = true
        break
      case 'ExportSpecifier':
        if (nameOf(node.exported) === 'default') hasDefaultExport = true
        break
      case 'ImportExpression':
        add(node.source, false)
        break
      case 'TSImportType':
        add(node.argument, true)
        break
      case 'CallExpression':
        if (nameOf(node.callee) === 'require') add(first(node.arguments), false)
        break
      case 'NewExpression':
        if (nameOf(node.callee) === 'URL' && /\.tsx?$/.test(text(first(node.arguments)) ?? '')) {
          add(first(node.arguments), false)
        }
        break
    }
  }
  return { path, edges, computedImports, hasDefaultExport, reexportsAll }
}

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) yield value
  for (const child of Object.values(value)) yield* nodesIn(child)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function text(value: unknown): string | undefined {
  return isNode(value) && value.type === 'StringLiteral' && typeof value.value === 'string'
    ? value.value
    : undefined
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' && typeof value.name === 'string'
    ? value.name
    : undefined
}

function first(values: unknown): unknown {
  return Array.isArray(values) ? values[0] : undefined
}
