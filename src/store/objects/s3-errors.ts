/**
 * What the failures of an S3 service mean to a caller. Pure; it knows the SDK's errors by their fields alone, and
 * takes over nothing but names, numbers and what Node says of a connection: the rest of such an error may hold the
 * id of the credentials and what was signed with them.
 */
import { type ErrorCode, messageOf, SpateError } from '../../base/errors.ts'

export interface S3Failure {
  readonly name: string
  /** Undefined: there was no answer. */
  readonly status: number | undefined
}

export function failureOf(error: unknown): S3Failure {
  const metadata = field(error, '$metadata')
  const status = field(metadata, 'httpStatusCode')
  return {
    name: error instanceof Error ? error.name : 'Error',
    status: typeof status === 'number' ? status : undefined,
  }
}

export function s3Error(what: string, error: unknown): SpateError {
  if (error instanceof SpateError) return error
  const failure = failureOf(error)
  if (failure.status !== undefined) {
    return new SpateError(codeOf(failure), `${what}: ${failure.name} (${failure.status})`)
  }
  if (failure.name === 'CredentialsProviderError') {
    return new SpateError('unauthorized', `${what}: no credentials were found (AWS_ACCESS_KEY_ID, …)`)
  }
  if (messageOf(error) === 'Region is missing') {
    return new SpateError('invalid', `${what}: no region is named (region=… or AWS_REGION)`)
  }
  const isUnreachable = failure.name === 'TimeoutError' || typeof field(error, 'code') === 'string'
  return new SpateError(isUnreachable ? 'unavailable' : 'storage-failed', `${what}: ${messageOf(error)}`)
}

/** Codes of Amazon, MinIO and versitygw: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function codeOf({ name, status = 0 }: S3Failure): ErrorCode {
  if (/^(InsufficientStorage|QuotaExceeded|XMinioStorageFull)$/.test(name) || status === 507) {
    return 'storage-full'
  }
  if (/^(NoSuchBucket|PermanentRedirect|AuthorizationHeaderMalformed)$/.test(name) || status === 301) {
    return 'invalid'
  }
  if (status === 401 || status === 403 || name === 'XAdminUserNotFound') return 'forbidden'
  if (status === 404) return 'not-found'
  if (status === 413 || name === 'EntityTooLarge') return 'too-large'
  if (status === 429 || (status >= 500 && status !== 501)) return 'unavailable'
  return 'storage-failed'
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
