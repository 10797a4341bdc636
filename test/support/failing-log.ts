import { systemClock } from '../../src/base/clock.ts'
import { SpateError } from '../../src/base/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { NewRecord, Position } from '../../src/log/port.ts'

/** A log in memory whose appends can be made to fail, stream by stream. */
export class FailingLog extends MemoryLog {
  /** Decides on each append. */
  failure: (stream: string, records: readonly NewRecord[]) => SpateError | undefined = () => undefined
  failures = 0

  constructor() {
    super(systemClock)
  }

  override async append(stream: string, records: readonly NewRecord[]): Promise<Position[]> {
    const failure = this.failure(stream, records)
    if (failure === undefined) return super.append(stream, records)
    this.failures += 1
    throw failure
  }
}

export function diskIsFull(): SpateError {
  return new SpateError('storage-full', 'the disk is full')
}
