import { type Signal, signal } from '@preact/signals'
import { systemClock } from '../../../src/base/clock.ts'
import { reconnectDelayMs } from '../../../src/client/backoff.ts'
import type { Job } from '../../../src/client/jobs.ts'
import { sentenceOf } from '../words/problems.ts'
import type { CaptureLine, Report } from './answers.ts'
import { jobsWords } from './job-words.ts'
import { JobsList } from './jobs-list.ts'
import { Organiser } from './organiser.ts'
import { type Rates, ratesOf, type Sample, withSample } from './rates.ts'
import { type Said, wantedOf } from './wanted.ts'

/** A capture as the page shows it. */
export interface Shown {
  readonly line: CaptureLine
  /** With each hole; undefined until it was asked for. */
  readonly report: Report | undefined
  readonly rates: Rates | undefined
  /** Of the board's image. */
  readonly imageAtMs: number
}

/** What the organiser is asked before it is done. */
export type Dialog =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'stop'; readonly name: string }
  | { readonly kind: 'drop'; readonly job: Job }

const LOOK_MS = 2000
/** Holes and images are asked for no more often. */
const BESIDE_MS = 8000

/**
 * All captures, asked for every two seconds while the page is looked at. Holes are asked for when a capture has moved.
 * While the server is away what was known stays, and it is asked again, less and less often. Of the organiser, once
 * signed in, there are the jobs, too, and what is to be done.
 */
export class CapturesPage {
  readonly captures: Signal<readonly Shown[] | undefined> = signal(undefined)
  readonly status: Signal<'connecting' | 'live' | 'waiting'> = signal('connecting')
  /** Why the server does not answer now. */
  readonly away: Signal<string | undefined> = signal(undefined)
  /** Of the last answer. */
  readonly nowMs: Signal<number> = signal(Date.now())
  readonly dialog: Signal<Dialog | undefined> = signal(undefined)
  /** What came of what the organiser did last. */
  readonly notice: Signal<string | undefined> = signal(undefined)
  readonly organiser: Organiser
  readonly jobs: JobsList
  readonly #samples = new Map<string, readonly Sample[]>()
  readonly #besideAtMs = new Map<string, number>()
  #failures = 0
  #cancel: (() => void) | undefined
  #isLooking = false

  constructor(origin: string, storage: Storage | undefined) {
    this.organiser = new Organiser(origin, storage)
    this.jobs = new JobsList(this.organiser)
  }

  start(): void {
    addEventListener('online', () => this.lookNow())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.lookNow()
    })
    this.lookNow()
  }

  /** Ends a wait. */
  lookNow(): void {
    if (!this.#isLooking) void this.#look()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    this.#cancel?.()
    const { api } = this.organiser
    const isOld = (): boolean => api !== this.organiser.api
    void this.jobs.lookInTime()
    try {
      const { captures } = await api.json<{ captures: CaptureLine[] }>('GET', '/api/captures')
      const known = new Map(this.captures.peek()?.map((shown) => [shown.line.name, shown]))
      const shown: Shown[] = []
      for (const line of captures) shown.push(await this.#shown(line, known.get(line.name)))
      if (!isOld()) this.#show(shown)
    } catch (error) {
      if (!isOld() && !this.organiser.refused(api, error)) {
        this.#failures += 1
        this.status.value = 'waiting'
        this.away.value = sentenceOf(error)
      }
    } finally {
      this.#isLooking = false
    }
    // Somebody signed in or out meanwhile: what was answered is for somebody else.
    if (isOld()) return this.lookNow()
    if (document.visibilityState !== 'visible') return
    const waitMs = this.#failures === 0 ? LOOK_MS : reconnectDelayMs(this.#failures, Math.random())
    this.#cancel = systemClock.after(waitMs, () => this.lookNow())
  }

  #show(shown: readonly Shown[]): void {
    this.captures.value = shown
    this.nowMs.value = Date.now()
    this.status.value = 'live'
    this.away.value = undefined
    this.#failures = 0
  }

  async #shown(line: CaptureLine, before: Shown | undefined): Promise<Shown> {
    const { name, report } = line
    const nowMs = Date.now()
    const frames = report.canvases.reduce((sum, { counts }) => sum + (counts.applied ?? 0), 0)
    const sample = { atMs: nowMs, messages: report.counts.messages, frames }
    const samples = withSample(this.#samples.get(name) ?? [], sample)
    this.#samples.set(name, samples)
    const rates = ratesOf(samples)
    const isMoved = before?.report?.position !== report.position
    const isDue = nowMs - (this.#besideAtMs.get(name) ?? 0) >= BESIDE_MS
    if (before !== undefined && !(isMoved && isDue)) return { ...before, line, rates }
    this.#besideAtMs.set(name, nowMs)
    const path = `${pathOf(name)}/report`
    return { line, rates, report: await this.organiser.api.json<Report>('GET', path), imageAtMs: nowMs }
  }

  open(dialog: Dialog): void {
    this.notice.value = undefined
    this.dialog.value = dialog
  }

  closeDialog(): void {
    this.dialog.value = undefined
  }

  /** Resolves with why not. */
  async signIn(token: string): Promise<string | undefined> {
    const reason = await this.organiser.signIn(token)
    if (reason === undefined) {
      this.closeDialog()
      this.lookNow()
    }
    return reason
  }

  signOut(): void {
    this.organiser.signOut()
    this.jobs.forget()
    this.lookNow()
  }

  /** Resolves with why not. */
  begin(said: Said): Promise<string | undefined> {
    const { name } = said
    const wanted = wantedOf(said)
    if (typeof wanted === 'string') return Promise.resolve(wanted)
    const isFollowed = this.captures.peek()?.some(({ line }) => line.name === name && line.state !== 'ended')
    if (isFollowed === true) return Promise.resolve(`${name} is followed already: stop it first.`)
    return this.#do(async () => {
      await this.organiser.api.request('PUT', pathOf(name), wanted)
      return `${name} is followed from now on.`
    })
  }

  /** Resolves with why not. */
  stop(name: string): Promise<string | undefined> {
    return this.#do(async () => {
      await this.organiser.api.request('DELETE', pathOf(name))
      return `${name} is followed no more; what was captured stays.`
    })
  }

  /** Resolves with why not. */
  drop({ id }: Job): Promise<string | undefined> {
    return this.#do(async () => settledWords('dropped', await this.jobs.settle('drop', [id])))
  }

  async retry({ id }: Job): Promise<void> {
    await this.#said(async () => settledWords('begun anew', await this.jobs.settle('retry', [id])))
  }

  async retryFailed(): Promise<void> {
    await this.#said(async () => settledWords('begun anew', await this.jobs.retryFailed()))
  }

  async #said(work: () => Promise<string>): Promise<void> {
    const reason = await this.#do(work)
    if (reason !== undefined) this.notice.value = reason
  }

  /** Says what was done; resolves with why it was not. */
  async #do(work: () => Promise<string>): Promise<string | undefined> {
    const { api } = this.organiser
    try {
      this.notice.value = await work()
      this.lookNow()
      return undefined
    } catch (error) {
      if (this.organiser.refused(api, error)) this.lookNow()
      return sentenceOf(error)
    }
  }
}

function pathOf(name: string): string {
  return `/api/captures/${encodeURIComponent(name)}`
}

function settledWords(done: string, count: number): string {
  return count === 0 ? 'Nothing of it was left to do.' : `${jobsWords(count)} ${done}.`
}
