import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { systemClock } from '../../../src/base/clock.ts'
import { Api, type BoardSummary, type Me, type Problem, ProblemError } from '../../../src/client/api.ts'
import { reconnectDelayMs } from '../../../src/client/backoff.ts'
import { sentenceOf } from '../words/problems.ts'
import type { MeterInfo, Places, Series } from './answers.ts'
import { type Asked, askedOf, MOST_VERSUS, searchOf } from './asked.ts'
import { firstSecond } from './first.ts'
import { grown } from './growing.ts'
import { leadersOf } from './leaders.ts'
import { LiveAnswers, openEventSource } from './live-answers.ts'
import { offsetAt, ownZone } from './local-time.ts'
import { basePath, measureOf } from './measures.ts'
import { type Place, pathOf } from './place.ts'
import { Questions } from './questions.ts'
import { isRolling, spanOf } from './spans.ts'
import { isLive, type Looked, tailOf, type Wanted, wantedOf } from './wanted.ts'

/** `still`: what is looked at is over. */
export type Status = 'connecting' | 'live' | 'waiting' | 'still'

/** After a change the chart and the leaderboard are asked anew no more often than this, */
const CHART_MS = 1_000
/** and everything else than this. */
const BESIDE_MS = 5_000
/** A span that ends now begins later from time to time, and what the stream does not tell of may have changed. */
const TICK_MS = 20_000
/** An empty page is shown rather than none after this: who sees both pays for two. */
const BEGIN_MS = 150
/** Smaller differences of the clocks do not matter to a chart. */
const CLOCK_MS = 2_000

/**
 * A page of statistics about a board or a meter. What is looked at is `asked`, which the address keeps; from it
 * follows what is `wanted` of the server; what is known is in `questions`. While the server is away, what was known
 * stays, and all is asked anew when it is back.
 */
export class StatsPage {
  readonly place: Place
  readonly asked: Signal<Asked>
  readonly me: Signal<Me | undefined> = signal(undefined)
  readonly board: Signal<BoardSummary | undefined> = signal(undefined)
  readonly meter: Signal<MeterInfo | undefined> = signal(undefined)
  readonly boards: Signal<readonly string[]> = signal([])
  /** Why there is nothing to show, for good. */
  readonly failure: Signal<Problem | undefined> = signal(undefined)
  readonly looked: ReadonlySignal<Looked | undefined>
  readonly wanted: ReadonlySignal<Wanted | undefined>
  readonly status: ReadonlySignal<Status>
  readonly questions: Questions
  /** Resolves when there is a chart to show, or why there is none, or when that takes long. */
  readonly begun: Promise<void>
  readonly #api: Api
  readonly #nowSecond: Signal<number> = signal(Math.floor(Date.now() / 1000))
  /** When anything happened first; null: nothing has. */
  readonly #first: Signal<number | null | undefined> = signal(undefined)
  /** Why the server does not answer now. */
  readonly away: Signal<string | undefined> = signal(undefined)
  readonly #heard: Signal<'connecting' | 'live' | 'waiting' | 'still'> = signal('connecting')
  #isMeeting = false
  #isFinding = false
  readonly #begin: () => void
  #clockOffsetMs = 0
  #failures = 0
  #retry: (() => void) | undefined
  #live: LiveAnswers | undefined
  #soon: (() => void) | undefined
  #besideAtMs = 0

  constructor(origin: string, place: Place, search: string) {
    this.place = place
    this.#api = new Api({ baseUrl: origin })
    this.asked = signal(askedOf(search))
    this.questions = new Questions(
      (path) => this.#load(path),
      MOST_VERSUS,
      (error) => this.#lose(error),
    )
    this.looked = computed(() => this.#look())
    this.wanted = computed(() => this.looked.value && wantedOf(this.looked.value))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.begun = promise
    this.#begin = resolve
    this.status = computed(() => (this.away.value === undefined ? this.#heard.value : 'waiting'))
  }

  start(): void {
    systemClock.after(BEGIN_MS, this.#begin)
    addEventListener('popstate', () => {
      this.asked.value = askedOf(location.search)
    })
    addEventListener('online', () => this.retryNow())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return
      this.retryNow()
      this.#growSoon()
    })
    effect(() => {
      if (this.wanted.value !== undefined) this.questions.ask(this.wanted.value)
    })
    const live = computed(() => {
      const isRefused = this.failure.value !== undefined || this.questions.series.problem.value !== undefined
      return isRefused ? undefined : this.wanted.value?.live
    })
    effect(() => this.#follow(live.value))
    setInterval(() => this.#tick(), TICK_MS)
    effect(() => {
      if (this.asked.value.shown === 'all' && this.#first.value === undefined) void this.#findFirst()
    })
    effect(() => {
      const { answer, problem } = this.questions.series
      if (this.failure.value !== undefined) this.#begin()
      if (answer.value === undefined && problem.value === undefined) return
      this.#begin()
      this.#meet()
    })
  }

  /** @param isStep whether going back undoes it */
  change(part: Partial<Asked>, isStep = false): void {
    this.asked.value = { ...this.asked.peek(), ...part }
    const address = pathOf(this.place) + searchOf(this.asked.peek())
    if (isStep) history.pushState(null, '', address)
    else history.replaceState(null, '', address)
  }

  /** Everything down to one value of a dimension; undefined: to all of them again. */
  narrow(dimension: string, value: string | undefined): void {
    const { [dimension]: _before, ...others } = this.asked.peek().where
    this.change({ where: value === undefined ? others : { ...others, [dimension]: value } }, true)
  }

  /** A player of the board by the whole name, however far down; resolves with the number. */
  async numberOf(name: string): Promise<string | undefined> {
    const looked = this.looked.peek()
    if (looked === undefined) return undefined
    const query = new URLSearchParams({ entity: `name:${name}`, neighbours: '0' })
    try {
      const { places } = await this.#load<Places>(
        `${basePath(this.place, looked.measure.meter)}/rank?${query}`,
      )
      return places[0]?.entity
    } catch {
      return undefined
    }
  }

  /** Ends a wait for the server, if this is one. */
  retryNow(): void {
    if (this.away.peek() !== undefined) this.#again()
    this.#live?.retryNow()
  }

  get zone(): string {
    return this.asked.value.zone ?? ownZone()
  }

  #look(): Looked | undefined {
    const { place, zone } = this
    const asked = this.asked.value
    const first = this.#first.value
    if (place.kind === 'meters' || (asked.shown === 'all' && first === undefined)) return undefined
    const now = this.#nowSecond.value
    const offset = isRolling(asked.shown) ? offsetAt(zone, now) : 0
    const shown = spanOf(asked.shown, now, first ?? undefined, offset)
    return {
      place,
      asked,
      measure: measureOf(place, asked.measure),
      shown,
      isShownRolling: isRolling(asked.shown),
      span: asked.span ?? shown,
      zone,
      who: this.#who(asked.who),
      dimension: place.kind === 'board' ? 'color' : (asked.dimension ?? this.meter.value?.dimensions[0]),
    }
  }

  #who(who: string | undefined): string | undefined {
    if (who !== 'me' || this.place.kind !== 'board') return who
    const player = this.me.value?.player ?? undefined
    return player === undefined ? undefined : String(player)
  }

  /** What the page is about, as far as it is not known yet. After the chart: nothing of it is needed for that. */
  #meet(): void {
    const { place } = this
    if (place.kind === 'board' && this.board.peek() === undefined && !this.#isMeeting) {
      this.#isMeeting = true
      void this.#meetBoard(place.board)
    }
    if (place.kind === 'meter' && this.meter.peek() === undefined && !this.#isMeeting) {
      this.#isMeeting = true
      void this.#meetMeter(place.meter)
    }
  }

  async #meetBoard(board: string): Promise<void> {
    await this.#try(async () => {
      this.me.value = await this.#api.me()
      const { boards } = await this.#api.boards()
      this.boards.value = boards.map(({ id }) => id)
      this.board.value = boards.find(({ id }) => id === board)
    })
    this.#isMeeting = false
  }

  async #meetMeter(meter: string): Promise<void> {
    await this.#try(async () => {
      this.meter.value = await this.#load(`/api/meters/${encodeURIComponent(meter)}`)
    })
    this.#isMeeting = false
  }

  async #findFirst(): Promise<void> {
    const { place } = this
    if (place.kind === 'meters' || this.#isFinding) return
    this.#isFinding = true
    const series = `${basePath(place, place.kind === 'board' ? 'placements' : place.meter)}/series`
    await this.#try(async () => {
      const first = await firstSecond((unit, from, to) =>
        orNearest(this.#load<Series>(`${series}?from=${from}&to=${to ?? 'now'}&by=${unit}&zone=UTC`)),
      )
      this.#first.value = first ?? null
    })
    this.#isFinding = false
  }

  async #try(meet: () => Promise<void>): Promise<void> {
    try {
      await meet()
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status < 500 && error.problem.status !== 429) {
        this.failure.value = error.problem
      } else this.#lose(error)
    }
  }

  async #load<T>(path: string): Promise<T> {
    const response = await this.#api.request('GET', path)
    const date = Date.parse(response.headers.get('date') ?? '')
    // The server's clock says whole seconds, half a second ago on average.
    if (!Number.isNaN(date)) this.#learnTime(date + 500 - Date.now())
    // The server validates what it sends against its schemas.
    const answer = (await response.json()) as T
    this.away.value = undefined
    this.#failures = 0
    return answer
  }

  #learnTime(offsetMs: number): void {
    if (Math.abs(offsetMs - this.#clockOffsetMs) < CLOCK_MS) return
    this.#clockOffsetMs = offsetMs
    this.#move()
  }

  /** Time has passed. */
  #move(): void {
    this.#nowSecond.value = Math.floor((Date.now() + this.#clockOffsetMs) / 1000)
  }

  #tick(): void {
    this.#move()
    if (this.status.peek() === 'live' && document.visibilityState === 'visible') void this.#grow()
  }

  /** The server is to be asked once more, later each time. */
  #lose(error: unknown): void {
    this.away.value = sentenceOf(error)
    if (this.#retry !== undefined) return
    this.#failures += 1
    this.#retry = systemClock.after(reconnectDelayMs(this.#failures, Math.random()), () => this.#again())
  }

  #again(): void {
    this.#retry?.()
    this.#retry = undefined
    this.#move()
    if (this.#first.peek() === undefined && this.asked.peek().shown === 'all') void this.#findFirst()
    this.#meet()
    this.questions.again()
  }

  #follow(path: string | undefined): void {
    this.#live?.[Symbol.dispose]()
    this.#live = undefined
    this.#heard.value = path === undefined ? 'still' : 'connecting'
    if (path === undefined) return
    let isFirst = true
    this.#live = new LiveAnswers({
      open: (events) => openEventSource(path, events),
      clock: systemClock,
      random: Math.random,
      onAnswer: (text) => {
        this.#hear(text)
        // The first says how it is, which was asked a moment ago; the others that something has happened.
        if (!isFirst) this.#growSoon()
        isFirst = false
      },
      onStatus: (status) => {
        const wasWaiting = this.#heard.peek() === 'waiting'
        this.#heard.value = status
        if (wasWaiting && status === 'live') this.#again()
      },
    })
  }

  #hear(text: string): void {
    const looked = this.looked.peek()
    const wanted = this.wanted.peek()
    if (looked === undefined || wanted === undefined) return
    if (isLive(looked)) {
      // The server validates what it sends against its schemas.
      const leaders = leadersOf(wanted.leaders, JSON.parse(text) as Places)
      this.questions.leaders.renew(wanted.leaders, () => leaders)
    }
  }

  /** While the page is not seen, it rests. */
  #growSoon(): void {
    if (document.visibilityState !== 'visible') return
    this.#soon ??= systemClock.after(CHART_MS, () => {
      this.#soon = undefined
      void this.#grow()
    })
  }

  /** Something has happened: brings up to date what is on the page. */
  async #grow(): Promise<void> {
    this.#move()
    const looked = this.looked.peek()
    const wanted = this.wanted.peek()
    if (looked === undefined || wanted === undefined) return
    if (this.#first.peek() === null) await this.#findFirst()
    if (!isLive(looked)) void this.questions.leaders.again()
    const charts = [
      [this.questions.series, wanted.series],
      [this.questions.ownSeries, wanted.ownSeries],
      ...this.questions.versus.map((question, i) => [question, wanted.versus[i]] as const),
    ] as const
    const nowMs = systemClock.elapsedMs()
    if (nowMs - this.#besideAtMs >= BESIDE_MS) {
      this.#besideAtMs = nowMs
      this.questions.againBeside()
    }
    for (const [question, path] of charts) {
      const last = question.answer.peek()?.points.at(-1)
      if (path === undefined || last === undefined) continue
      try {
        const tail = await this.#load<Series>(tailOf(path, last.from))
        question.renew(path, (known) => ({
          ...known,
          to: tail.to,
          points: grown(known.points, tail.points, looked.shown.from),
        }))
      } catch {
        // The stream tells when the server is away, and all is asked anew when it is back.
      }
    }
  }
}

/** Where not everything is kept any more, what is kept begins with the nearest that is. */
async function orNearest(asked: Promise<Series>): Promise<Series> {
  try {
    return await asked
  } catch (error) {
    const nearest = error instanceof ProblemError ? error.problem.nearest : undefined
    if (nearest === undefined || nearest === null) throw error
    return { ...nearest, points: [{ ...nearest, sum: 1 }] }
  }
}
