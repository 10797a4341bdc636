import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../support/port.ts'
import { nginxPath } from '../support/requires.ts'
import { type Lifetime, tempFolder } from '../support/tmp.ts'

const CONFIGURATION = join(import.meta.dirname, '../../deploy/nginx.conf')
const NOBODY = 65_534
const POLL_MS = 20
const STARTED_WITHIN_MS = 10_000

export interface NginxSetup {
  /** Of the servers, as many as the configuration names. */
  readonly servers: readonly string[]
  /** Certificate and key, PEM; with them it is asked over TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

export interface Nginx {
  readonly url: string
  readonly port: number
  /** Where it listens without TLS; the same if it has none. */
  readonly plainUrl: string
  /** What `nginx -t` says of the configuration. */
  readonly verdict: string
  /** The error log so far. */
  errors(): string
}

/**
 * Runs the nginx.conf that is shipped, as somebody who may do nothing, and ends it with the test. Only for what
 * `requires('nginx')`.
 *
 * What is put into the configuration: the port, the folder of its files, the addresses of the servers, the
 * certificate. What is taken out: the user, which only root can change to.
 */
export async function startNginx(t: Lifetime, { servers, tls }: NginxSetup): Promise<Nginx> {
  const folder = tempFolder(t)
  const port = await freePort()
  const plainPort = tls === undefined ? port : await freePort()
  const shipped = readFileSync(CONFIGURATION, 'utf8')
  const text = substituted(shipped, [
    [/^user www-data;\n/gm, 1, ''],
    [/\/var\/(lib|log)\/nginx\//g, 10, `${folder}/`],
    [/\/run\/nginx\.pid/g, 1, `${folder}/nginx.pid`],
    [/\blisten 80\b/g, 1, `listen 127.0.0.1:${plainPort}`],
    // In each of the two groups.
    [/\bspate-\d+:8080\b/g, 2 * servers.length, (i) => new URL(servers[i % servers.length] ?? '').host],
    ...(tls === undefined
      ? []
      : ([
          [/#tls /g, 6, ''],
          [/\blisten 443\b/g, 1, `listen 127.0.0.1:${port}`],
          [/\/etc\/nginx\/(?=certificate|key)/g, 2, `${folder}/`],
        ] as const)),
  ])
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, text)
  writeFileSync(join(folder, 'certificate.pem'), tls?.certificate ?? '')
  writeFileSync(join(folder, 'key.pem'), tls?.key ?? '')
  const as = unprivileged()
  if (as !== undefined) for (const path of [folder, ...files(folder)]) chownSync(path, as.uid, as.gid)

  const log = join(folder, 'error.log')
  const args = ['-e', log, '-p', folder, '-c', file]
  const checked = spawnSync(nginxPath(), ['-t', ...args], { ...as, encoding: 'utf8' })
  const child = spawn(nginxPath(), [...args, '-g', 'daemon off;'], { ...as, stdio: 'ignore' })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  const errors = (): string => readFileSync(log, 'utf8')
  const until = performance.now() + STARTED_WITHIN_MS
  while (!(await listens(port))) {
    assert.equal(child.exitCode, null, `nginx ended: ${checked.stderr}${errors()}`)
    assert.ok(performance.now() < until, `nginx does not listen: ${errors()}`)
    await pause(POLL_MS)
  }
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  return { url, port, plainUrl: `http://127.0.0.1:${plainPort}`, verdict: checked.stderr, errors }
}

type Substitution = readonly [pattern: RegExp, times: number, by: string | ((i: number) => string)]

/** Each pattern has to be there as often as it says: else something else would be tested than what is shipped. */
function substituted(text: string, substitutions: readonly Substitution[]): string {
  let result = text
  for (const [pattern, times, by] of substitutions) {
    let found = 0
    result = result.replace(pattern, () => {
      found += 1
      return typeof by === 'string' ? by : by(found - 1)
    })
    assert.equal(found, times, `nginx.conf has ${pattern} ${found} times`)
  }
  return result
}

/** Whom nginx runs as where the tests run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined
}

function files(folder: string): string[] {
  return ['nginx.conf', 'certificate.pem', 'key.pem'].map((name) => join(folder, name))
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
