import type { Clock } from '../../src/base/clock.ts'
import { SpateError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/random.ts'
import type { Item, Taking } from '../../src/cli/meters/feed/taking.ts'
import { ProblemError } from '../../src/client/api.ts'
import type { Declared, MeterInfo, MeterWrite } from '../../src/client/meters.ts'

/** What a killed process never comes back from. */
export class Crash extends Error {}

/** No wait is waited out. */
export const hastyClock: Clock = {
  now: () => 0,
  elapsedMs: () => 0,
  after(_delayMs, task) {
    const immediate = setImmediate(task)
    return () => clearImmediate(immediate)
  },
}

/** Nobody of this name is taken. */
export const REFUSED = '666'

type Outcome = { readonly position: number } | { readonly write: number }

/** A server that remembers keys as ours does; what is asked of it, or its answer, may get lost. */
export class KeyedServer {
  readonly sums = new Map<string, bigint>()
  readonly #outcomes = new Map<string, { readonly body: string; readonly outcome: Outcome }>()
  readonly #declared = new Set<string>()
  /** Called before and after whatever it does; may throw. */
  mishap: () => void = () => {}

  async list(): Promise<readonly MeterInfo[]> {
    this.mishap()
    return [...this.#declared].map((name) => ({
      name,
      dimensions: [],
      totalsOver: 0,
      retention: {},
      lateSeconds: 0,
      futureSeconds: 0,
      entities: 0,
      series: 0,
    }))
  }

  async declare(meter: string, _declared: Declared): Promise<MeterInfo> {
    this.#declared.add(meter)
    return (await this.list())[0] ?? problem('not-found', 404)
  }

  async write(writes: readonly MeterWrite[], key = ''): Promise<{ position: number }> {
    this.mishap()
    const body = JSON.stringify(writes)
    const known = this.#outcomes.get(key)
    if (known !== undefined && known.body !== body) return problem('conflict', 409)
    const outcome = known?.outcome ?? this.#judge(writes)
    this.#outcomes.set(key, { body, outcome })
    await Promise.resolve()
    this.mishap()
    return 'position' in outcome ? outcome : problem('invalid', 400, outcome.write)
  }

  #judge(writes: readonly MeterWrite[]): Outcome {
    const write = writes.findIndex(({ meter, entity }) => entity === REFUSED || !this.#declared.has(meter))
    if (write !== -1) return { write }
    for (const { entity, amount = 1 } of writes) {
      this.sums.set(entity, (this.sums.get(entity) ?? 0n) + BigInt(amount))
    }
    return { position: this.#outcomes.size + 1 }
  }
}

function problem(code: string, status: number, write?: number): never {
  throw new ProblemError({
    type: `urn:spate:problem:${code}`,
    title: code,
    status,
    detail: code,
    code,
    ...(write === undefined ? {} : { write }),
  })
}

/** Now and then the process dies, or something is away for a while. */
export function mishaps(random: Random, chance: number): () => void {
  return () => {
    if (random.chance(chance)) throw new Crash('killed')
    if (random.chance(chance)) throw new SpateError('unavailable', 'away')
  }
}

export function takingOf(
  meters: Taking['meters'],
  random: Random,
  signal: AbortSignal,
  rejected: Map<string, string>,
): Taking {
  return {
    meters,
    clock: hastyClock,
    random: () => random.below(1000) / 1000,
    signal,
    onWaiting: () => {},
    reject: async ({ at, text }: Item) => void rejected.set(JSON.stringify(at), text),
  }
}

/** An increment of 1, a message that cannot be read, or one that the server refuses. */
export function anyMessage(random: Random): string {
  if (random.chance(0.03)) return '{"command":'
  const uid = random.chance(0.03) ? Number(REFUSED) : random.below(20)
  const metric = { thing: 'points', uid, atid: 1, aid: 1, value: 1, ts2: 1_458_061_005, mode: 'increment' }
  return JSON.stringify({ command: 'metric', metric })
}

/** What is to come of messages: sums by user, and how many are set aside. */
export function expectedOf(texts: readonly string[]): { sums: Map<string, bigint>; rejected: number } {
  const sums = new Map<string, bigint>()
  let rejected = 0
  for (const text of texts) {
    const uid = /"uid":(\d+)/.exec(text)?.[1]
    if (uid === undefined || uid === REFUSED) rejected += 1
    else sums.set(uid, (sums.get(uid) ?? 0n) + 1n)
  }
  return { sums, rejected }
}
