import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PAGE_SOURCES } from '../scripts/setup.mjs'
import {
  ADAPTERS,
  adapterViolations,
  browserViolations,
  danglingImports,
  directionViolations,
  isAt,
  reachable,
  styleViolations,
} from './support/import-rules.ts'
import { type Module, moduleEdges } from './support/module-edges.ts'

const root = join(import.meta.dirname, '..')
const all = modulesAt('{src,test/support,web/src}/**/*.{ts,tsx}')
const product = all.filter(({ path }) => path.startsWith('src/'))
const page = all.filter(({ path }) => path.startsWith('web/src/'))
const runByBrowsers = reachable(all, (path) => isAt(path, 'src/client') || isAt(path, 'web/src'))

function modulesAt(pattern: string): Module[] {
  return globSync(pattern, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .map((path) => moduleEdges(path, readFileSync(join(root, path), 'utf8')))
}

test('every source file was read', (t) => {
  assert.ok(product.length > 0)
  assert.ok(page.length > 0)
  assert.deepEqual(danglingImports(all), [])
  if (!existsSync(join(root, '.git'))) return t.skip('not a git checkout')
  const tracked = execFileSync('git', ['ls-files', '-z', '--', 'src', 'web/src'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && existsSync(join(root, path)))
  const read = new Set(all.map(({ path }) => path))
  assert.ok(tracked.length > 0)
  assert.deepEqual(
    tracked.filter((path) => !read.has(path)),
    [],
  )
})

test('every folder imports only what lies before it', () => {
  assert.ok(product.some(({ edges }) => edges.some(({ specifier }) => specifier.startsWith('../'))))
  assert.deepEqual(directionViolations(product), [])
})

test('a storage or network package appears in its adapters only', () => {
  assert.deepEqual(adapterViolations(product), [])
  for (const [name, places] of Object.entries(ADAPTERS)) {
    for (const place of places) {
      const users = product.filter(
        ({ path, edges }) => isAt(path, place) && edges.some((e) => e.specifier === name),
      )
      assert.ok(users.length > 0, `${place} does not import ${name}: the list is out of date`)
    }
  }
})

test('browsers can run the client, the page and all that they reach', () => {
  assert.ok(runByBrowsers.some(({ path }) => isAt(path, 'src/client')))
  assert.deepEqual(browserViolations(runByBrowsers), [])
})

test('whatever the page is made of makes it stale when it changes', () => {
  const reached = reachable(all, (path) => isAt(path, 'web/src'))
  assert.deepEqual(
    reached.map(({ path }) => path).filter((path) => !PAGE_SOURCES.some((source) => isAt(path, source))),
    [],
  )
})

test('no default exports, no barrels, no computed imports', () => {
  assert.deepEqual(styleViolations([...product, ...page]), [])
})
