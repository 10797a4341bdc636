import type { Api } from './api.ts'

/** An exact integer: a string of digits beyond 2^53 − 1 either way. */
export type Exact = number | string

/** First and last second since 1970. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What may be said of a range; see PROTOCOL.md. */
export interface RangeQuery {
  readonly from?: number | string
  readonly to?: number | string
  readonly period?: 'hour' | 'day' | 'week' | 'month' | 'year'
  readonly offset?: number
  readonly last?: number
  readonly zone?: string
}

export type Period = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

/** On boards: a player's name or a colour as #RRGGBB. */
interface Words {
  readonly name?: string | null
  readonly color?: string
}

export interface MeterInfo {
  readonly name: string
  readonly dimensions: readonly string[]
  readonly totalsOver: number
  /** Seconds by level; null: for ever. */
  readonly retention: Readonly<Record<string, number | null>>
  readonly lateSeconds: number
  readonly futureSeconds: number
  readonly entities: number
  readonly series: number
}

export interface Declared {
  readonly dimensions?: readonly string[]
  readonly totalsOver?: number
  readonly retention?: Readonly<Record<string, number | null>>
  readonly lateSeconds?: number
  readonly futureSeconds?: number
}

export interface Standing {
  readonly rank: number
  readonly sum: Exact
  /** When it came to this sum. */
  readonly lastSecond: number
}

export interface Place extends Words, Standing {
  readonly entity: string
}

export interface Places extends Span {
  readonly places: readonly Place[]
}

export interface Sums extends Span {
  readonly sums: readonly (Words & { readonly entity: string | null; readonly sum: Exact })[]
}

export interface Series extends Span {
  readonly points: readonly (Span & { readonly sum: Exact })[]
}

export interface Breakdown extends Span {
  readonly dimension: string
  readonly values: readonly (Words & { readonly value: string; readonly sum: Exact })[]
}

/** The sums of each value by point; points are of all together. */
export interface SeriesBy extends Series {
  readonly dimension: string
  readonly values: readonly (Words & { readonly value: string; readonly sums: readonly Exact[] })[]
}

export interface Streak extends Span {
  readonly periods: number
}

export interface Streaks extends Span {
  readonly places: readonly (Words & {
    readonly entity: string
    readonly rank: number
    readonly longest: Streak
    /** That which the range's last period belongs to. */
    readonly current: Streak | null
  })[]
}

export interface Comparison extends Span {
  readonly before: Span
  readonly places: readonly (Words & {
    readonly entity: string
    readonly now: Standing
    readonly before: Standing | null
  })[]
}

export interface MeterWrite {
  readonly meter: string
  readonly entity: string
  readonly dimensions?: readonly string[]
  readonly kind?: 'add' | 'count' | 'total'
  readonly second?: number
  readonly from?: number
  readonly to?: number
  readonly amount?: Exact
}

/** Each may be given many times. */
type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

export interface Selection extends RangeQuery {
  /** `dimension:value`, each of which has to hold. */
  readonly where?: readonly string[]
}

/** The meters of the organiser, or those of a board. Every method may throw a `ProblemError`. */
export class MeterApi {
  readonly #api: Api
  readonly #base: string

  /** @param board undefined: the free-standing meters */
  constructor(api: Api, board?: string) {
    this.#api = api
    this.#base = board === undefined ? '/api/meters' : `/api/boards/${encodeURIComponent(board)}/meters`
  }

  #ask<T>(meter: string, question: string, query: Query): Promise<T> {
    return this.#api.json('GET', this.path(meter, question, query))
  }

  /** The address of a question, for an EventSource, too. */
  path(meter: string, question: string, query: Query): string {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      for (const each of value === undefined ? [] : [value].flat()) parameters.append(name, String(each))
    }
    const address = `${this.#base}/${encodeURIComponent(meter)}/${question}`
    return parameters.size === 0 ? address : `${address}?${parameters}`
  }

  async list(): Promise<readonly MeterInfo[]> {
    return (await this.#api.json<{ meters: readonly MeterInfo[] }>('GET', this.#base)).meters
  }

  declare(meter: string, declared: Declared): Promise<MeterInfo> {
    return this.#api.json('PUT', `${this.#base}/${encodeURIComponent(meter)}`, declared)
  }

  /** All of the writes or none. With a key, once, however often it is sent within 24 hours. */
  write(writes: readonly MeterWrite[], key?: string): Promise<{ position: number }> {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    return this.#api.json('POST', `${this.#base}/writes`, { writes }, headers)
  }

  sum(meter: string, query: Selection & { readonly entity?: string | readonly string[] }): Promise<Sums> {
    return this.#ask(meter, 'sum', { ...query })
  }

  series(
    meter: string,
    query: Selection & { readonly by: Period; readonly entity?: string },
  ): Promise<Series> {
    return this.#ask(meter, 'series', { ...query })
  }

  seriesBy(
    meter: string,
    query: Selection & { readonly by: Period; readonly dimension: string; readonly entity?: string },
  ): Promise<SeriesBy> {
    return this.#ask(meter, 'series-by', { ...query })
  }

  streaks(
    meter: string,
    query: Selection & { readonly by: Period; readonly entity?: string; readonly limit?: number },
  ): Promise<Streaks> {
    return this.#ask(meter, 'streaks', { ...query })
  }

  breakdown(
    meter: string,
    query: Selection & { readonly dimension: string; readonly entity?: string },
  ): Promise<Breakdown> {
    return this.#ask(meter, 'breakdown', { ...query })
  }

  top(meter: string, query: Selection & { readonly limit?: number }): Promise<Places> {
    return this.#ask(meter, 'top', { ...query })
  }

  rank(
    meter: string,
    query: Selection & { readonly entity: string; readonly neighbours?: number },
  ): Promise<Places> {
    return this.#ask(meter, 'rank', { ...query })
  }

  compare(
    meter: string,
    query: Selection & {
      readonly beforeFrom?: number | string
      readonly beforeTo?: number | string
      readonly limit?: number
    },
  ): Promise<Comparison> {
    return this.#ask(meter, 'compare', { ...query })
  }

  async distinct(meter: string, query: Selection): Promise<number> {
    return (await this.#ask<{ entities: number }>(meter, 'distinct', { ...query })).entities
  }
}
