/**
 * Everything a checkout needs before it can run, with Node's own modules alone: the packages, the pinned
 * Node, the built page. What is there and up to date is left alone, so a checkout that is ready may be
 * read-only. Runs side by side take turns. An interrupted run leaves what was there before, or nothing.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Refusal, runQuietly } from './child.mjs'
import { fingerprint } from './fingerprint.mjs'
import { withLock } from './lock.mjs'
import { root } from './root.mjs'

const OLDEST_NODE = 20
const SERVER_NODE = 24

/** What the page is made of. A test checks that the page imports nothing of `src` from outside this list. */
export const PAGE_SOURCES = [
  'package-lock.json',
  'web/captures.html',
  'web/index.html',
  'web/package.json',
  'web/public',
  'web/src',
  'web/stats.html',
  'web/tsconfig.json',
  'web/vite.config.ts',
  'src/base',
  'src/boards',
  'src/client',
  'src/live',
]

const PACKAGE_SOURCES = ['package.json', 'package-lock.json', 'web/package.json']
const PACKAGES_STAMP = join(root, 'node_modules/.spate-setup')
const PINNED_NODE = join(root, 'node_modules/node/bin/node')
const PAGE = join(root, 'web/dist')
const PAGE_STAMP = '.spate-page'
const CACHE = join(root, '.cache')

/** Makes the checkout ready, with the page if `web`. Resolves with the path of the Node to run TypeScript with. */
export async function setup({ web }) {
  if (hostMajor() < OLDEST_NODE) {
    throw new Refusal(`Node ${OLDEST_NODE} or newer is needed; this is ${process.version}`)
  }
  if (packagesAreStale() || (web && pageIsStale())) {
    await withLock(lockFile(), async () => {
      if (packagesAreStale()) await installPackages()
      if (web && pageIsStale()) await buildPage()
    })
  }
  return serverNode()
}

function packagesAreStale() {
  return read(PACKAGES_STAMP) !== packagesStamp() || serverNode() === undefined
}

function packagesStamp() {
  return `${process.platform}-${process.arch} ${fingerprint(root, PACKAGE_SOURCES)}`
}

/**
 * `npm install --no-save` and not `npm ci`: it takes the same versions from the lock file, but adds what changed
 * instead of emptying the folder under a server that runs from it, and it accepts a lock file in which other
 * platforms' optional packages are missing.
 */
async function installPackages() {
  say('installing packages')
  const stamp = packagesStamp()
  rmSync(PACKAGES_STAMP, { force: true })
  await runQuietly(
    'npm',
    ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
    },
  )
  if (!existsSync(PINNED_NODE)) await installPinnedNode()
  writeFileSync(PACKAGES_STAMP, stamp)
}

/** npm may be set not to run install scripts, and the `node` package fetches its binary in one. */
async function installPinnedNode() {
  say(`installing Node ${SERVER_NODE}`)
  try {
    await runQuietly(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: join(root, 'node_modules/node'),
    })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (hostMajor() >= SERVER_NODE) return say(`going on with Node ${process.versions.node}, which is here`)
    throw new Refusal(
      `npm could not install Node ${SERVER_NODE} for ${process.platform}-${process.arch}; ` +
        `run this again with Node ${SERVER_NODE} or newer (this is ${process.version})`,
      { output: error.output, cause: error },
    )
  }
}

function serverNode() {
  if (existsSync(PINNED_NODE)) return PINNED_NODE
  return hostMajor() >= SERVER_NODE ? process.execPath : undefined
}

function pageIsStale() {
  return read(join(PAGE, PAGE_STAMP)) !== fingerprint(root, PAGE_SOURCES)
}

/** Built beside the page that is served and swapped in whole. */
async function buildPage() {
  say('building the page')
  const stamp = fingerprint(root, PAGE_SOURCES)
  for (const name of readdirSync(CACHE)) {
    if (name.startsWith('page-')) rmSync(join(CACHE, name), { recursive: true })
  }
  const built = join(CACHE, 'page-new')
  const web = join(root, 'web')
  const vite = createRequire(join(web, 'package.json')).resolve('vite/package.json')
  await runQuietly(
    serverNode(),
    [join(vite, '../bin/vite.js'), 'build', '--outDir', built, '--emptyOutDir', '--logLevel', 'warn'],
    { cwd: web },
  )
  writeFileSync(join(built, PAGE_STAMP), stamp)
  const retired = join(CACHE, 'page-old')
  if (existsSync(PAGE)) renameSync(PAGE, retired)
  renameSync(built, PAGE)
  rmSync(retired, { recursive: true, force: true })
}

function lockFile() {
  try {
    mkdirSync(CACHE, { recursive: true })
    accessSync(CACHE, constants.W_OK)
  } catch (error) {
    throw new Refusal(`${root} is not set up and cannot be written to (${error.code})`)
  }
  return join(CACHE, 'setup.lock')
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function hostMajor() {
  return Number(process.versions.node.split('.')[0])
}

/** On stderr: what a command prints may be piped. */
function say(step) {
  process.stderr.write(`spate: ${step}\n`)
}
