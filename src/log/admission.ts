import { SpateError } from '../base/errors.ts'
import type { NewRecord } from './port.ts'
import { isStreamName, MAX_BODY_BYTES } from './port.ts'

/** What every adapter refuses before it touches its store. */
export function appendable(stream: string, records: readonly NewRecord[]): void {
  if (!isStreamName(stream)) throw new SpateError('invalid', `not a stream name: ${JSON.stringify(stream)}`)
  for (const { type, body, timeMs } of records) {
    if (!Number.isInteger(type) || type < 0 || type > 255)
      throw new SpateError('invalid', `record type ${type}`)
    if (timeMs !== undefined && !(timeMs >= 0 && timeMs < 2 ** 48)) {
      throw new SpateError('invalid', `record time ${timeMs}`)
    }
    if (body.length > MAX_BODY_BYTES) {
      throw new SpateError('invalid', `record of ${body.length} bytes; the limit is ${MAX_BODY_BYTES}`)
    }
  }
}
