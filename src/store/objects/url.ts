/** Where objects lie, as it is written in a setting. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SpateError } from '../../base/errors.ts'
import { isPrefix } from './keys.ts'

export interface FolderPlace {
  readonly kind: 'folder'
  readonly path: string
}

export interface S3Place {
  readonly kind: 's3'
  readonly bucket: string
  /** Before every key: nothing, or segments that each end with `/`. */
  readonly prefix: string
  /** Undefined: Amazon's, of the region. */
  readonly endpoint: string | undefined
  /** Undefined: from the environment. */
  readonly region: string | undefined
}

export type ObjectsPlace = FolderPlace | S3Place

/** S3 takes keys of 1,024 bytes. */
const MAX_PREFIX_CHARACTERS = 256
const EXPECTED = 'expected a folder, file:///folder or s3://bucket/prefix?endpoint=https://host&region=name'

/**
 * A path, `file:///path`, or `s3://bucket/prefix` with `endpoint` and `region` as they are needed. Errors: `invalid`;
 * no message repeats the text, which may hold what should not be shown.
 */
export function parseObjectsPlace(text: string): ObjectsPlace {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    if (text === '') throw new SpateError('invalid', EXPECTED)
    return { kind: 'folder', path: resolve(text) }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'file:') return { kind: 'folder', path: pathOf(url) }
  if (url?.protocol === 's3:') return s3Place(url)
  throw new SpateError('invalid', EXPECTED)
}

function pathOf(url: URL): string {
  if (url.host !== '' || url.search !== '' || url.hash !== '') {
    throw new SpateError('invalid', 'a file: address has a path and nothing else: file:///folder')
  }
  return fileURLToPath(url)
}

function s3Place(url: URL): S3Place {
  requireNoCredentials(url)
  const bucket = url.hostname
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || url.port !== '' || url.hash !== '') {
    throw new SpateError('invalid', 's3: is followed by //bucket/prefix')
  }
  for (const [name] of url.searchParams) {
    if (name !== 'endpoint' && name !== 'region') {
      throw new SpateError('invalid', 's3: takes endpoint and region and no other parameter')
    }
  }
  const endpoint = url.searchParams.get('endpoint')
  const region = url.searchParams.get('region')
  if (region !== null && !/^[a-z0-9-]{1,40}$/.test(region)) {
    throw new SpateError('invalid', 'region is a name such as eu-central-1')
  }
  return {
    kind: 's3',
    bucket,
    prefix: prefixOf(url.pathname),
    endpoint: endpoint === null ? undefined : endpointOf(endpoint),
    region: region ?? undefined,
  }
}

function prefixOf(pathname: string): string {
  const path = pathname.replace(/^\//, '').replace(/\/$/, '')
  if (!isPrefix(path) || path.length > MAX_PREFIX_CHARACTERS) {
    throw new SpateError('invalid', 'the prefix is made of names of a–z 0–9 . _ - with / between them')
  }
  return path === '' ? '' : `${path}/`
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined) requireNoCredentials(url)
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new SpateError('invalid', 'endpoint is an address such as https://host:port')
  }
  return url.href
}

function requireNoCredentials(url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new SpateError(
      'invalid',
      'credentials do not belong here: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    )
  }
}
