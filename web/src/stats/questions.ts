import type { Breakdown, Places, Series, SeriesBy, Streaks, Sum } from './answers.ts'
import { type Leaders, leadersOf } from './leaders.ts'
import { basePath } from './measures.ts'
import { Question } from './question.ts'
import type { Looked, Wanted } from './wanted.ts'

/** Resolves with an address's JSON. */
export type Load = <T>(path: string) => Promise<T>

/** All that a page asks. */
export class Questions {
  readonly series: Question<Series>
  readonly base: Question<Sum>
  readonly leaders: Question<Leaders>
  readonly own: Question<Places>
  readonly ownSeries: Question<Series>
  readonly ownBase: Question<Sum>
  readonly ownStreak: Question<Streaks>
  readonly bands: Question<SeriesBy>
  readonly values: Question<Breakdown>
  readonly area: Question<Places>
  readonly versus: readonly Question<Series>[]
  /** Everybody, for those who look for somebody. */
  readonly everybody: Question<Places>

  constructor(load: Load, mostVersus: number, onAway: (error: unknown) => void) {
    const about = <T>(): Question<T> => new Question<T>((path) => load<T>(path), onAway)
    this.series = about()
    this.base = about()
    this.leaders = new Question(async (path) => leadersOf(path, await load(path)), onAway)
    this.own = about()
    this.ownSeries = about()
    this.ownBase = about()
    this.ownStreak = about()
    this.bands = about()
    this.values = about()
    this.area = about()
    this.versus = Array.from({ length: mostVersus }, () => about<Series>())
    this.everybody = about()
  }

  /** What is seen first; the rest is asked for once its answer is there, so that it does not wait for them. */
  ask(wanted: Wanted): void {
    this.series.ask(wanted.series)
    this.base.ask(wanted.base)
    if (!this.series.isBusy.value) this.#askRest(wanted)
  }

  #askRest(wanted: Wanted): void {
    this.leaders.ask(wanted.leaders)
    for (const [i, question] of this.versus.entries()) question.ask(wanted.versus[i])
    this.own.ask(wanted.own)
    this.ownSeries.ask(wanted.ownSeries)
    this.ownBase.ask(wanted.ownBase)
    this.ownStreak.ask(wanted.ownStreak)
    this.bands.ask(wanted.bands)
    this.values.ask(wanted.values)
    this.area.ask(wanted.area)
  }

  /** For a search; once. */
  askEverybody({ place, measure }: Looked): void {
    this.everybody.ask(`${basePath(place, measure.meter)}/top?limit=10000`)
  }

  /** All that is asked, once more. */
  again(): void {
    for (const question of [this.series, this.base, this.leaders, ...this.versus]) void question.again()
    this.againBeside()
  }

  /** What is not on the chart and not the leaderboard. */
  againBeside(): void {
    for (const question of [this.own, this.ownBase, this.ownStreak, this.bands, this.values, this.area]) {
      void question.again()
    }
  }
}
