/**
 * `npm test`: every check there is, cheapest first, up to the first that fails. It closes with the summary of
 * node's test runner.
 *
 *     npm test                       everything
 *     npm test -- src/log test       the same checks, but of the tests only those in these folders or files
 *     npm test -- --test-name-pattern='\[C7\]' src/boards
 *                                    flags go to node's test runner
 */
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { Refusal, run, script } from './child.mjs'
import { root } from './root.mjs'
import { setup } from './setup.mjs'

const TEST_FOLDERS = ['src', 'test', 'web/src']
/** A test that hangs fails; the long modes of the crash and soak tests take what they take. */
const TEST_LIMIT_MS = 15 * 60 * 1000

await script(async () => {
  const args = process.argv.slice(2)
  const files = selected(
    testFiles(),
    args.filter((arg) => !arg.startsWith('-')),
  )
  const node = await setup({ web: false })
  const tool = (path) => join(root, 'node_modules', path)

  const colors = process.stdout.isTTY ? [] : ['--colors=off']
  await step('format and lint', node, [
    tool('@biomejs/biome/bin/biome'),
    'check',
    '--error-on-warnings',
    ...colors,
    '.',
  ])
  await step('types', node, [tool('typescript/bin/tsc'), '--noEmit', '-p', '.'])
  if (existsSync(join(root, 'web/tsconfig.json'))) {
    await step('types of the page', node, [tool('typescript/bin/tsc'), '--noEmit', '-p', 'web'])
  }
  await setup({ web: true })
  await step(`tests (${files.length} files)`, node, [
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    ...(process.env.SPATE_TEST_LONG === '1' ? [] : [`--test-timeout=${TEST_LIMIT_MS}`]),
    ...args.filter((arg) => arg.startsWith('-')),
    ...files,
  ])
})

function testFiles() {
  const files = TEST_FOLDERS.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
    )
    .filter((file) => /\.test\.tsx?$/.test(file))
    .sort()
  if (files.length === 0) throw new Refusal(`no test files in ${TEST_FOLDERS.join(', ')}`)
  return files
}

/** The files at or below the paths named; all of them if none is. A path that selects nothing is a mistake. */
function selected(files, paths) {
  if (paths.length === 0) return files
  const filters = paths.map((path) => {
    const at = relative(root, resolve(path))
    const below = files.filter((file) => file === at || file.startsWith(at === '' ? '' : at + sep))
    if (below.length === 0) throw new Refusal(`no test files at ${path}`)
    return below
  })
  return [...new Set(filters.flat())]
}

async function step(name, node, args) {
  process.stderr.write(`spate: ${name}\n`)
  const code = await run(node, args, { cwd: root })
  if (code !== 0) {
    process.stderr.write(`spate: ${name}: failed\n`)
    process.exit(code)
  }
}
