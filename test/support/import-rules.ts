/**
 * Which file may import which. Pure: from modules to sentences, one for each violation.
 *
 * A product file imports its own folder of `src` and the folders of the rows above its own, types included;
 * nothing else of the repository, and no test code. Test code of a folder (`*.test.ts` and the `contract.ts`
 * suites) may also import `test/support` and other test code within the same bounds; what needs a folder
 * further down belongs into `test/`.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { Edge, Module } from './module-edges.ts'

/** Tests start Spate's own programs as its scripts do. */
const HOW_NODE_RUNS = 'scripts/node.mjs'

/** Folders of one row are siblings and never import each other. */
const ROWS: readonly (readonly string[])[] = [
  ['base'],
  ['store'],
  ['log'],
  ['players', 'boards', 'meters', 'jobs'],
  ['capture', 'live', 'archive', 'stats'],
  ['client', 'http'],
  ['app'],
  ['cli'],
]

/** The only product files (or folders, with a slash) that may name a storage or network package. */
export const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['src/archive/tables/duck.ts'],
  gifenc: ['src/boards/timelapse/gif.ts'],
  '@aws-sdk/client-s3': ['src/store/objects/s3.ts'],
  '@electric-sql/pglite': ['src/store/sql/pglite-thread.ts'],
  kysely: ['src/store/sql/'],
  lmdb: ['src/store/kv.ts'],
  pg: ['src/store/sql/postgres.ts'],
  'pg-boss': ['src/jobs/boss.ts'],
  '@redis/client': ['src/meters/redis/'],
  '@platformatic/kafka': ['src/log/kafka/client.ts', 'src/log/kafka/group.ts'],
}

export function directionViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) =>
    module.edges.flatMap(({ specifier }) => {
      const target = resolved(module, specifier)
      const reason = target === undefined ? undefined : refusal(module.path, target)
      return reason === undefined ? [] : [`${module.path} imports ${target}: ${reason}`]
    }),
  )
}

function refusal(from: string, to: string): string | undefined {
  const row = rowOf(from)
  if (row === undefined) return `${folderOf(from)} has no place in the import direction`
  if ((to.startsWith('test/support/') || to === HOW_NODE_RUNS) && isTestCode(from)) return undefined
  if (!to.startsWith('src/')) return 'outside of src'
  if (isTestCode(to) && !isTestCode(from)) return 'test code'
  const targetRow = rowOf(to)
  if (targetRow === undefined) return `${folderOf(to)} has no place in the import direction`
  if (folderOf(from) === folderOf(to) || targetRow < row) return undefined
  return targetRow === row ? 'a sibling' : 'against the import direction'
}

export function adapterViolations(modules: readonly Module[], adapters = ADAPTERS): string[] {
  return modules
    .filter((module) => !isTestCode(module.path))
    .flatMap((module) =>
      module.edges.flatMap(({ specifier }) => {
        const places = adapters[packageOf(specifier)]
        return places === undefined || places.some((place) => isAt(module.path, place))
          ? []
          : [`${module.path} imports ${specifier}, which only ${places.join(', ')} may`]
      }),
    )
}

/** What `roots` reach at run time, themselves included, tests left out. */
export function reachable(modules: readonly Module[], roots: (path: string) => boolean): Module[] {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  const reached = new Set(modules.filter(({ path }) => roots(path) && !isTestCode(path)))
  for (const module of reached) {
    for (const edge of runtimeEdges(module)) {
      const target = byPath.get(resolved(module, edge.specifier) ?? '')
      if (target) reached.add(target)
    }
  }
  return [...reached]
}

/** A browser runs these: no Node module, and in `src` no package either. */
export function browserViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) =>
    runtimeEdges(module).flatMap(({ specifier }) => {
      if (isBuiltin(specifier)) return [`${module.path} imports ${specifier}, which no browser has`]
      if (isPackage(specifier) && module.path.startsWith('src/')) {
        return [`${module.path} imports the package ${specifier} although browsers run it`]
      }
      return []
    }),
  )
}

export function styleViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => [
    ...(module.hasDefaultExport ? [`${module.path} has a default export`] : []),
    ...(module.reexportsAll ? [`${module.path} is a barrel`] : []),
    ...(module.computedImports > 0 ? [`${module.path} imports what it computes`] : []),
  ])
}

/** Imports of TypeScript files that are not among `modules`. */
export function danglingImports(modules: readonly Module[]): string[] {
  const known = new Set(modules.map(({ path }) => path))
  return modules.flatMap((module) =>
    module.edges.flatMap(({ specifier }) => {
      const target = resolved(module, specifier)
      return target !== undefined && /\.tsx?$/.test(target) && !known.has(target)
        ? [`${module.path} imports ${target}, which was not read`]
        : []
    }),
  )
}

/** Whether a path is a place or lies in it. */
export function isAt(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`)
}

function runtimeEdges(module: Module): readonly Edge[] {
  return module.edges.filter((edge) => !edge.typeOnly)
}

/** The file that a relative import names; undefined for a package or a Node module. */
function resolved(module: Module, specifier: string): string | undefined {
  if (isPackage(specifier) || isBuiltin(specifier)) return undefined
  return posix.join(posix.dirname(module.path), specifier.replace(/\?.*$/, ''))
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('.') && !isBuiltin(specifier)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isTestCode(path: string): boolean {
  return /\.test\.tsx?$|(^|[/.])contract\.ts$/.test(path)
}

function folderOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

function rowOf(path: string): number | undefined {
  const row = ROWS.findIndex((folders) => folders.some((folder) => path.startsWith(`src/${folder}/`)))
  return row === -1 ? undefined : row
}
