import type { LogRecord, Position, ReadLimit } from '../port.ts'

/** Bytes of bodies kept, over all streams. */
const MAX_BYTES = 32 << 20

interface Recent {
  records: LogRecord[]
  /** How many of `records`, from the first, were dropped; cut off now and then. */
  dropped: number
  /** Every record after this position is here. */
  from: Position
}

/** The latest records of all streams, so that who follows closely asks the broker for nothing. */
export class Tail {
  readonly #recent = new Map<string, Recent>()
  #order: { recent: Recent; bytes: number }[] = []
  #orderDropped = 0
  #bytes = 0

  /** @param before the stream's last record before this one */
  add(name: string, before: Position, record: LogRecord): void {
    let recent = this.#recent.get(name)
    if (recent === undefined) {
      recent = { records: [], dropped: 0, from: before }
      this.#recent.set(name, recent)
    }
    recent.records.push(record)
    const bytes = record.body.length + 64
    this.#order.push({ recent, bytes })
    this.#bytes += bytes
    while (this.#bytes > MAX_BYTES) this.#dropOldest()
  }

  #dropOldest(): void {
    const oldest = this.#order[this.#orderDropped]
    if (oldest === undefined) return
    this.#orderDropped += 1
    this.#bytes -= oldest.bytes
    const { recent } = oldest
    const record = recent.records[recent.dropped]
    if (record !== undefined) recent.from = record.position
    recent.dropped += 1
    if (recent.dropped > 1024 && recent.dropped * 2 > recent.records.length) {
      recent.records = recent.records.slice(recent.dropped)
      recent.dropped = 0
    }
    if (this.#orderDropped > 4096 && this.#orderDropped * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#orderDropped)
      this.#orderDropped = 0
    }
  }

  /** What follows a position, up to the limit; undefined when that is not all here. */
  read(name: string, after: Position, limit: ReadLimit): LogRecord[] | undefined {
    const recent = this.#recent.get(name)
    if (recent === undefined || after < recent.from) return undefined
    const { records } = recent
    let low = recent.dropped
    let high = records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((records[middle]?.position ?? 0) <= after) low = middle + 1
      else high = middle
    }
    const out: LogRecord[] = []
    let bytes = 0
    for (let i = low; i < records.length; i++) {
      const record = records[i]
      if (record === undefined || out.length >= limit.records || bytes >= limit.bytes) break
      out.push(record)
      bytes += record.body.length
    }
    return out
  }
}
