/**
 * versitygw, a gateway that speaks S3 before a folder, built from its Go module. Its buckets are the folders in
 * `buckets`, so they can be looked into.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from '../child.mjs'
import { answersWith } from './answers.mjs'
import { findProgram, installPackages } from './programs.mjs'
import { SERVICES_FOLDER } from './service.mjs'

const VERSION = 'v1.8.0'
const PROGRAM = join(SERVICES_FOLDER, 's3', VERSION, 'versitygw')

/** Of a server that only this machine can reach. */
export const S3_ACCESS_KEY_ID = 'spate-test-key'
export const S3_SECRET_ACCESS_KEY = 'spate-test-secret'

const BUCKET = 'spate-test'

const go = () => findProgram('go', ['/usr/local/go/bin'])

export const s3 = {
  name: 's3',
  port: 17070,
  url: (port) => `s3://${BUCKET}?endpoint=http://127.0.0.1:${port}&region=us-east-1`,
  isInstalled: () => existsSync(PROGRAM),
  install,
  launch,
  isReady: ({ port }) =>
    answersWith(port, `GET /ready HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, (answer) =>
      answer.toString().startsWith('HTTP/1.1 200'),
    ),
}

/** What Go downloads and compiles on the way takes ten times the room of the program. */
async function install() {
  if (go() === undefined) await installPackages(['golang-go'])
  const unfinished = `${join(SERVICES_FOLDER, 's3', VERSION)}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const inside = (name) => join(unfinished, name)
  await runQuietly(
    go(),
    ['install', '-trimpath', '-ldflags=-s -w', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`],
    {
      cwd: unfinished,
      env: {
        ...process.env,
        GOBIN: unfinished,
        GOMODCACHE: inside('modules'),
        GOCACHE: inside('compiled'),
        GOFLAGS: '-modcacherw',
        CGO_ENABLED: '0',
        // An older Go fetches the one that the module asks for.
        GOTOOLCHAIN: 'auto',
      },
    },
  )
  for (const name of ['modules', 'compiled']) rmSync(inside(name), { recursive: true, force: true })
  renameSync(unfinished, join(SERVICES_FOLDER, 's3', VERSION))
}

function launch({ folder, port }) {
  const buckets = join(folder, 'buckets')
  // Beside the objects and not in attributes of their files, which not every file system has.
  const attributes = join(folder, 'attributes')
  for (const path of [join(buckets, BUCKET), attributes]) mkdirSync(path, { recursive: true })
  return {
    command: PROGRAM,
    args: [
      ...[
        '--port',
        `127.0.0.1:${port}`,
        '--region',
        'us-east-1',
        '--health',
        '/ready',
        '--keep-alive',
        '--quiet',
      ],
      ...['posix', '--sidecar', attributes, buckets],
    ],
    env: { ROOT_ACCESS_KEY: S3_ACCESS_KEY_ID, ROOT_SECRET_KEY: S3_SECRET_ACCESS_KEY },
  }
}
