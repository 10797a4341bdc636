/**
 * What pointspaced sends to Redis, as its README records it and its code does: a write is a sum read by a script, then
 * a transaction of ten commands, an increment and an expiry for each of five levels; a sum is that script over the
 * hashes of the fewest buckets.
 */
import { createHash } from 'node:crypto'
import { createClient } from '@redis/client'
import { bucketOf, cover, type Level, startOf } from '../../src/meters/calendar.ts'
import { packed } from '../../src/meters/redis/packed.ts'

const SUM = `local sum = 0
for _, packed in ipairs(ARGV) do
  local unpacked = cmsgpack.unpack(packed)
  local cscore
  local from, to = tonumber(unpacked[2]), tonumber(unpacked[3])
  for i, v in ipairs(redis.call('HGETALL', unpacked[1])) do
    if i % 2 == 1 then
      cscore = tonumber(string.match(v, '^[^:]+'))
    else
      if cscore >= from and cscore <= to then
        sum = sum + v
      end
    end
  end
end
return sum`
const SHA = createHash('sha1').update(SUM).digest('hex')
const THING = 3
const FIELD = ':3:1001'
const EXPIRY_SECONDS = String(5 * 366 * 86_400)
/** Digits of a bucket's name and of that which holds it, by level. */
const DIGITS = [14, 12, 10, 8, 6, 4] as const

function nameOf(second: number, digits: number): string {
  return new Date(second * 1000).toISOString().replace(/\D/g, '').slice(0, digits)
}

export class Pointspaced implements AsyncDisposable {
  readonly #client

  private constructor(url: string) {
    this.#client = createClient({ url, RESP: 2 })
  }

  static async open(url: string): Promise<Pointspaced> {
    const own = new Pointspaced(url)
    await own.#client.connect()
    await own.#client.sendCommand(['SCRIPT', 'LOAD', SUM])
    return own
  }

  /** The hash in which a bucket of a level is a field. */
  #key(user: number, level: Level, second: number): string {
    return `hz:${THING}:${user}:${nameOf(second, DIGITS[level + 1] ?? 4)}`
  }

  async sum(user: number, from: number, end: number): Promise<number> {
    const ranges: Buffer[] = []
    for (const { level, first, last } of cover(from, end)) {
      // Its greatest bucket is the month.
      const own = level === 5 ? 4 : level
      const [start, stop] = [startOf(level, first), startOf(level, last + 1) - 1]
      const [low, high] = [nameOf(start, DIGITS[own]), nameOf(stop, DIGITS[own])]
      const keys = new Set<string>()
      for (let at = start; at <= stop; at = nextKey(own, at)) keys.add(this.#key(user, own, at))
      for (const key of keys) ranges.push(packed([key, low, high]))
    }
    return Number(await this.#client.sendCommand(['EVALSHA', SHA, '0', ...ranges]))
  }

  /** That the sum of a second is a total: what is missing is added. */
  async write(user: number, second: number, total: number): Promise<void> {
    const missing = total - (await this.sum(user, second, second + 1))
    const transaction = this.#client.multi()
    for (const level of [4, 3, 2, 1, 0] as const) {
      const key = this.#key(user, level, second)
      const field = nameOf(second, DIGITS[level]) + FIELD
      transaction.addCommand(['HINCRBY', key, field, String(missing)])
      transaction.addCommand(['EXPIRE', key, EXPIRY_SECONDS])
    }
    await transaction.exec()
  }

  /** Puts the sums of one level's buckets where writes would have led to. */
  async fill(
    user: number,
    level: Level,
    buckets: Iterable<readonly [second: number, sum: number]>,
  ): Promise<void> {
    const sent: Promise<unknown>[] = []
    for (const [second, sum] of buckets) {
      const field = nameOf(second, DIGITS[level]) + FIELD
      sent.push(this.#client.sendCommand(['HSET', this.#key(user, level, second), field, String(sum)]))
      if (sent.length === 2000) await Promise.all(sent.splice(0))
    }
    await Promise.all(sent)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }
}

/** The first second of the next hash of a level. */
function nextKey(level: Level, second: number): number {
  // Its greatest bucket is the month.
  const holder = (level + 1) as Level
  return startOf(holder, bucketOf(holder, second) + 1)
}
