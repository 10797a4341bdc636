import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { PAGE_SOURCES } from '../../scripts/setup.mjs'
import { configVariables, networkMatcher, readConfig } from '../../src/app/config.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const ROOT = join(DEPLOY, '..')

/** What is read of a service here. */
interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[] | Readonly<Record<string, { ipv4_address?: string } | null>>
  readonly profiles?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly command?: string
  readonly entrypoint?: readonly string[]
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { ipam?: { config: { subnet: string }[] } } | null>>
  readonly volumes: Readonly<Record<string, null>>
}

const COMPOSE = read('compose.yaml')
const NGINX = read('nginx.conf')
const DOCKERFILE = read('Dockerfile')
const EXAMPLE = read('.env.example')

/** As somebody would fill it in. */
const FILLED_IN: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...EXAMPLE.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
  ),
  SPATE_SECRET: 'a-secret-of-all-servers',
  SPATE_ADMIN_TOKEN: 'the-token-of-all-servers',
  AWS_ACCESS_KEY_ID: 'spate',
  AWS_SECRET_ACCESS_KEY: 'a-key-of-the-objects',
}

const COMPOSED = composeOf(COMPOSE, FILLED_IN)
const SERVICES = Object.entries(COMPOSED.services)
const SPATES = SERVICES.filter(([, { build }]) => build !== undefined)
const IMAGE_ENV = dockerfileEnv(DOCKERFILE)

function read(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8')
}

/** Variables are put in as Compose does, of the ways to write them that the file uses. */
function composeOf(text: string, env: Readonly<Record<string, string>>): Compose {
  const filled = text.replace(
    /\$\{([A-Z_]+)(:\?|:-|-)?([^}]*)\}/g,
    (_, name: string, mark = '', other = '') => {
      const value = env[name] ?? ''
      if (value === '' && mark === ':?') throw new Error(`${name} is not set`)
      return value === '' && mark !== '' ? other : value
    },
  )
  assert.doesNotMatch(filled.replaceAll(/^\s*#.*$/gm, ''), /\$/, 'a variable that this test cannot read')
  // Checked by what is asserted of it.
  return parse(filled, { merge: true }) as Compose
}

function dockerfileEnv(text: string): Record<string, string> {
  const lines = [...text.matchAll(/^ENV (.+)$/gm)].map(([, line = '']) => line)
  return Object.fromEntries(lines.flatMap((line) => line.split(' ').map((pair) => pair.split('=', 2))))
}

/** host:port wherever one stands in an address or a list of them. */
function endpointsIn(text: string): { host: string; port: number }[] {
  return [...text.matchAll(/(?<![\w.-])([a-z][a-z0-9-]*):(\d{2,5})\b/g)].map(([, host = '', port]) => ({
    host,
    port: Number(port),
  }))
}

/** Ports on which a service listens, by what it is told. */
function portsOf(name: string): number[] {
  const { environment = {}, command = '', image, build } = COMPOSED.services[name] ?? { image: '' }
  if (build !== undefined) return [Number(environment.SPATE_PORT ?? IMAGE_ENV.SPATE_PORT)]
  if (image.startsWith('nginx:'))
    return [...NGINX.matchAll(/^\s*listen (\d+)/gm)].map(([, port]) => Number(port))
  const listeners = `${environment.KAFKA_LISTENERS ?? ''} ${command}`
  return [...listeners.matchAll(/[/ ]:(\d+)/g)].map(([, port]) => Number(port))
}

function networksOf({ networks = [] }: Service): string[] {
  return Array.isArray(networks) ? [...networks] : Object.keys(networks)
}

function addressOf(name: string): string {
  const { networks = {} } = COMPOSED.services[name] ?? {}
  return ('front' in networks ? networks.front?.ipv4_address : undefined) ?? ''
}

test('[O36] the servers’ settings are settings, and the same for all', () => {
  assert.ok(SPATES.length >= 2)
  const known = new Set(configVariables().map(({ name }) => name))
  for (const [name, { environment = {} }] of SPATES) {
    const env = Object.fromEntries(
      Object.entries({ ...IMAGE_ENV, ...environment }).map(([k, v]) => [k, String(v)]),
    )
    const config = readConfig(env)
    assert.deepEqual([config.host, config.port, config.dataFolder], ['0.0.0.0', 8080, '/data'], name)
    assert.ok(typeof config.log === 'object')
    assert.equal(config.objects?.kind, 's3')
    assert.deepEqual(environment, SPATES[0]?.[1].environment)
  }
  const named = [COMPOSE, DOCKERFILE, NGINX, EXAMPLE].flatMap(
    (text) => text.match(/\bSPATE_[A-Z_]+\b/g) ?? [],
  )
  assert.ok(named.length >= 10)
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  )
})

test('[O36] every secret has to be filled in, and the example lists each variable once', () => {
  const used = new Set([...COMPOSE.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name))
  const listed = [...EXAMPLE.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)
  assert.deepEqual(listed.toSorted(), [...used].toSorted())
  for (const name of ['SPATE_SECRET', 'SPATE_ADMIN_TOKEN', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    assert.match(EXAMPLE, new RegExp(`^${name}=$`, 'm'), 'no secret is shipped')
    assert.throws(() => composeOf(COMPOSE, { ...FILLED_IN, [name]: '' }), new RegExp(name))
  }
})

test('[O36] whoever is named, by nginx too, is there, listens there and is on the same network', () => {
  const check = (from: string, text: string, networks: readonly string[]): number => {
    const endpoints = endpointsIn(text).filter(({ host }) => host !== 'localhost')
    for (const { host, port } of endpoints) {
      const service = COMPOSED.services[host]
      assert.ok(service !== undefined, `${from} names ${host}, which is not there`)
      assert.ok(
        portsOf(host).includes(port),
        `${from} names ${host}:${port}, which listens at ${portsOf(host)}`,
      )
      assert.ok(
        networksOf(service).some((network) => networks.includes(network)),
        `${from} cannot reach ${host}`,
      )
    }
    return endpoints.length
  }
  let seen = 0
  for (const [name, service] of SERVICES) {
    const { image: _image, ports: _ports, volumes: _volumes, ...told } = service
    seen += check(name, JSON.stringify(told), networksOf(service))
  }
  assert.ok(seen >= 2 * SPATES.length + 3, `${seen} endpoints seen`)
  for (const group of ['spate', 'spate_images']) {
    const block = new RegExp(`upstream ${group} \\{([^}]*)\\}`).exec(NGINX)?.[1] ?? ''
    assert.equal(
      check(`upstream ${group}`, block, networksOf(COMPOSED.services.nginx ?? { image: '' })),
      SPATES.length,
    )
    assert.deepEqual(
      endpointsIn(block).map(({ host }) => host),
      SPATES.map(([name]) => name),
    )
  }
  for (const [, group] of NGINX.matchAll(/proxy_pass http:\/\/(\w+)/g))
    assert.match(NGINX, new RegExp(`upstream ${group} `))
  assert.equal(portsOf('spate-1')[0], Number(/^EXPOSE (\d+)$/m.exec(DOCKERFILE)?.[1]))
})

test('[O36] nginx alone is published, on loopback, and alone is believed', () => {
  const published = SERVICES.filter(([, { ports }]) => ports !== undefined)
  assert.deepEqual(
    published.map(([name, { ports }]) => [name, ports]),
    [['nginx', ['127.0.0.1:8080:80']]],
  )
  assert.deepEqual(portsOf('nginx'), [80])
  assert.equal(
    composeOf(COMPOSE, { ...FILLED_IN, PUBLISH: '' }).services.nginx?.ports?.[0],
    '127.0.0.1:8080:80',
  )
  const trusted = String(SPATES[0]?.[1].environment?.SPATE_TRUSTED_PROXIES)
  assert.equal(trusted, addressOf('nginx'))
  const subnet = COMPOSED.networks.front?.ipam?.config[0]?.subnet ?? ''
  const addresses = ['nginx', ...SPATES.map(([name]) => name)].map(addressOf)
  assert.ok(addresses.every(networkMatcher([subnet])), `${addresses} in ${subnet}`)
  assert.equal(new Set(addresses).size, SPATES.length + 1)
})

test('[O36] images are of a version, and the image’s Node is the one that is pinned', () => {
  const images = SERVICES.map(([, { image }]) => image)
  const bases = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image)
  assert.ok(images.length >= 8 && bases.length >= 1)
  for (const image of [...images, ...bases]) assert.match(image, /:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$/, image)
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  assert.deepEqual(
    new Set(bases),
    new Set([`node:${lock.packages['node_modules/node'].version}-bookworm-slim`]),
  )
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const [, { image }] of SPATES) assert.equal(image, `spate:${version}`)
  const kafka = /VERSION = '([\d.]+)'/.exec(
    readFileSync(join(ROOT, 'scripts/services/kafka.mjs'), 'utf8'),
  )?.[1]
  assert.equal(COMPOSED.services.kafka?.image, `apache/kafka:${kafka}`, 'the one that the tests run against')
  const s3 = /VERSION = '(v[\d.]+)'/.exec(readFileSync(join(ROOT, 'scripts/services/s3.mjs'), 'utf8'))?.[1]
  assert.equal(COMPOSED.services.s3?.image, `versity/versitygw:${s3}`, 'the one that the tests run against')
})

test('[O36] every path that is mounted, copied or built from is there, and every volume is somebody’s own', () => {
  const used = new Map<string, string[]>()
  for (const [name, { volumes = [], build }] of SERVICES) {
    if (build !== undefined) {
      assert.equal(join(DEPLOY, build.context), ROOT)
      assert.ok(existsSync(join(ROOT, build.dockerfile)))
    }
    for (const volume of volumes) {
      const [from = '', to = ''] = volume.split(':')
      assert.match(to, /^\//)
      if (from.startsWith('.')) assert.ok(existsSync(join(DEPLOY, from)), from)
      else used.set(from, [...(used.get(from) ?? []), name])
    }
  }
  assert.deepEqual([...used.keys()].toSorted(), Object.keys(COMPOSED.volumes).toSorted())
  for (const [volume, users] of used)
    assert.equal(users.length, volume === 'objects' ? 2 : 1, `${volume}: ${users}`)
  for (const [, { volumes }] of SPATES) {
    assert.equal(volumes?.[0]?.split(':')[1], /^VOLUME (\S+)$/m.exec(DOCKERFILE)?.[1])
  }
  const nginxFolders = new Set([...NGINX.matchAll(/ (\/var\/lib\/[a-z]+)\//g)].map(([, path]) => path))
  const nginxMounts = COMPOSED.services.nginx?.volumes?.map((volume) => volume.split(':')[1])
  for (const folder of nginxFolders) assert.ok(nginxMounts?.includes(folder), folder)

  const ignore = read('Dockerfile.dockerignore')
  const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').slice(0, -1),
  )
  assert.ok(copied.length >= 5)
  for (const path of copied) {
    assert.ok(existsSync(join(ROOT, path)), path)
    assert.match(ignore, new RegExp(`^!${path.split('/')[0]}$`, 'm'), `${path} is not left out`)
  }
  const { extends: base } = JSON.parse(readFileSync(join(ROOT, 'web/tsconfig.json'), 'utf8'))
  for (const path of [...PAGE_SOURCES, join('web', base), 'src/cli/main.ts', 'scripts/spate.mjs']) {
    assert.ok(
      copied.some((from) => path === from || path.startsWith(`${from}/`)),
      `${path} is not copied`,
    )
  }
})

test('[O36] every service has a health check, is awaited by it, and the two for later stand aside', () => {
  for (const [name, { healthcheck, build, depends_on = {}, entrypoint, profiles }] of SERVICES) {
    const isOneShot = entrypoint !== undefined
    assert.ok(isOneShot || build !== undefined || healthcheck !== undefined, `${name} has no health check`)
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const service = COMPOSED.services[other]
      const isDone = service?.entrypoint !== undefined
      assert.equal(
        condition,
        isDone ? 'service_completed_successfully' : 'service_healthy',
        `${name}: ${other}`,
      )
      assert.equal(service?.profiles, undefined)
    }
    assert.equal(profiles !== undefined, name === 'postgres' || name === 'redis', name)
  }
  assert.match(DOCKERFILE, /^HEALTHCHECK (.|\\\n)*\/healthz/m)
  assert.match(DOCKERFILE, /^USER node$/m)
  assert.ok(
    DOCKERFILE.lastIndexOf('USER node') > DOCKERFILE.lastIndexOf('RUN '),
    'nothing is done as root after',
  )
})
