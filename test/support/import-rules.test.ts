import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  adapterViolations,
  browserViolations,
  danglingImports,
  directionViolations,
  reachable,
  styleViolations,
} from './import-rules.ts'
import { moduleEdges } from './module-edges.ts'

const importing = (path: string, ...specifiers: string[]) =>
  moduleEdges(path, specifiers.map((specifier) => `import '${specifier}'\n`).join(''))

const wrong: readonly (readonly [from: string, specifier: string, violation: string])[] = [
  ['src/base/a.ts', '../log/b.ts', 'src/base/a.ts imports src/log/b.ts: against the import direction'],
  ['src/boards/a.ts', '../meters/b.ts', 'src/boards/a.ts imports src/meters/b.ts: a sibling'],
  ['src/http/a.ts', '../client/b.ts', 'src/http/a.ts imports src/client/b.ts: a sibling'],
  [
    'src/boards/canvas/a.ts',
    '../../live/b.ts',
    'src/boards/canvas/a.ts imports src/live/b.ts: against the import direction',
  ],
  ['src/app/a.ts', '../../test/support/b.ts', 'src/app/a.ts imports test/support/b.ts: outside of src'],
  ['src/cli/a.ts', '../../web/src/b.ts', 'src/cli/a.ts imports web/src/b.ts: outside of src'],
  ['src/log/a.ts', './contract.ts', 'src/log/a.ts imports src/log/contract.ts: test code'],
  ['src/app/a.ts', '../log/b.test.ts', 'src/app/a.ts imports src/log/b.test.ts: test code'],
  [
    'src/log/a.test.ts',
    '../app/b.ts',
    'src/log/a.test.ts imports src/app/b.ts: against the import direction',
  ],
  [
    'src/extra/a.ts',
    '../base/b.ts',
    'src/extra/a.ts imports src/base/b.ts: src/extra has no place in the import direction',
  ],
  [
    'src/app/a.ts',
    '../extra/b.ts',
    'src/app/a.ts imports src/extra/b.ts: src/extra has no place in the import direction',
  ],
]

for (const [from, specifier, violation] of wrong) {
  test(`refused: ${violation}`, () => {
    assert.deepEqual(directionViolations([importing(from, specifier)]), [violation])
  })
}

test('allowed: the own folder, the rows before it, packages; tests also test code', () => {
  assert.deepEqual(
    directionViolations([
      importing('src/live/a.ts', './b.ts', '../boards/canvas/c.ts', '../base/d.ts', 'node:fs', 'ws'),
      importing('src/log/a.test.ts', './contract.ts', '../../test/support/tmp.ts'),
      importing('src/log/contract.ts', '../../test/support/tmp.ts', 'node:test'),
    ]),
    [],
  )
})

const spellings = {
  'a type': `import type { B } from '../log/b.ts'`,
  're-export': `export { b } from '../log/b.ts'`,
  're-exported type': `export type { B } from '../log/b.ts'`,
  'dynamic import': `await import('../log/b.ts')`,
  'type of an import': `let b: import('../log/b.ts').B`,
  worker: `new Worker(new URL('../log/b.ts', import.meta.url))`,
  require: `require('../log/b.ts')`,
}

for (const [spelling, source] of Object.entries(spellings)) {
  test(`the direction holds for an import spelled as ${spelling}`, () => {
    assert.deepEqual(directionViolations([moduleEdges('src/base/a.ts', source)]), [
      'src/base/a.ts imports src/log/b.ts: against the import direction',
    ])
  })
}

test('an adapter package elsewhere is refused, by its subpath too, but not in a test', () => {
  const adapters = { '@scope/db': ['src/log/db.ts', 'src/store/'] }
  assert.deepEqual(
    adapterViolations(
      [
        importing('src/log/db.ts', '@scope/db'),
        importing('src/store/kv.ts', '@scope/db'),
        importing('src/log/port.test.ts', '@scope/db'),
        importing('src/app/compose.ts', '@scope/db/sub'),
      ],
      adapters,
    ),
    ['src/app/compose.ts imports @scope/db/sub, which only src/log/db.ts, src/store/ may'],
  )
})

test('a browser is refused what only Node has, however far away, but not its types', () => {
  const modules = [
    importing('src/client/a.ts', '../boards/b.ts'),
    importing('src/boards/b.ts', '../base/c.ts'),
    moduleEdges(
      'src/base/c.ts',
      `import { type F } from 'node:fs'\nimport 'lmdb'\nimport type { T } from 'ws'`,
    ),
    importing('src/base/unreached.ts', 'node:net'),
    importing('src/client/a.test.ts', 'node:test'),
  ]
  const reached = reachable(modules, (path) => path.startsWith('src/client/'))
  assert.deepEqual(browserViolations(reached), [
    'src/base/c.ts imports node:fs, which no browser has',
    'src/base/c.ts imports the package lmdb although browsers run it',
  ])
})

test('the page may use packages, but nothing of Node', () => {
  assert.deepEqual(browserViolations([importing('web/src/main.tsx', 'preact', 'path')]), [
    'web/src/main.tsx imports path, which no browser has',
  ])
})

test('default exports, barrels and computed imports are refused', () => {
  const violations = (source: string) => styleViolations([moduleEdges('src/base/a.ts', source)])
  assert.deepEqual(violations('export default 1'), ['src/base/a.ts has a default export'])
  assert.deepEqual(violations('const a = 1; export { a as default }'), ['src/base/a.ts has a default export'])
  assert.deepEqual(violations(`export * from './b.ts'`), ['src/base/a.ts is a barrel'])
  assert.deepEqual(violations(`export * as b from './b.ts'`), ['src/base/a.ts is a barrel'])
  assert.deepEqual(violations('await import(name)'), ['src/base/a.ts imports what it computes'])
  assert.deepEqual(violations('export const a = 1'), [])
})

test('an import of a file that was not read is found', () => {
  assert.deepEqual(danglingImports([importing('src/base/a.ts', './b.ts', './style.css', 'preact')]), [
    'src/base/a.ts imports src/base/b.ts, which was not read',
  ])
})
