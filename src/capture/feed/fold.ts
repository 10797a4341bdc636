import { keepNewest } from '../../base/keep-newest.ts'
import { type LogRecord, type Position, positionOf, START } from '../../log/port.ts'
import { decodeCaptureRecord } from '../codec.ts'
import type { HoleCause } from '../coverage.ts'
import { Gaps, type GapsState } from '../gaps.ts'
import { lineReport } from '../line-report.ts'
import { type Began, CaptureRecordType, type Closed, type RawMessage } from '../records.ts'
import type { CaptureReport } from '../report.ts'
import { type IdScheme, idsBetween, type Named, namedIn } from './ids.ts'
import type { IdOrder } from './settings.ts'

/** Ids remembered, to tell a message that comes again. */
const MAX_IDS = 4096
/** Part of the state, so that one of another layout is folded anew. */
const STATE_VERSION = 'feed 2'

export interface FeedCounts {
  messages: number
  bytes: number
  /** Without an id, where ids are looked for. */
  others: number
  /** Whose id was known already. */
  duplicates: number
  /** Ids that were left out between two, where they are consecutive. */
  missing: number
  opened: number
  starts: number
  closed: Record<string, number>
}

/**
 * The fold of a feed's stream: what was heard, and when not. A feed that goes on after the last id, or whose ids follow
 * each other, tells by the next id whether anything was lost between two connections; of any other, what lies between
 * the last message before and the next connection is a hole.
 */
export class FeedFold {
  position: Position = START
  began: Began | undefined
  beganMs = 0
  nextConnection = 1
  readonly gaps: Gaps
  counts: FeedCounts = {
    messages: 0,
    bytes: 0,
    others: 0,
    duplicates: 0,
    missing: 0,
    opened: 0,
    starts: 0,
    closed: {},
  }
  /** Of the latest message that had one. */
  lastId: string | undefined
  /** When the feed was heard last. */
  #heardMs: number | undefined
  /** What befell the connections since. */
  readonly #trouble = new Set<HoleCause>()
  readonly #ids = new Set<string>()
  readonly #open = new Set<number>()
  /** Why the last connection ended. */
  #lastEnd: string | undefined

  constructor(gaps = new Gaps()) {
    this.gaps = gaps
  }

  /** Errors: `newer-version`, `corrupt`. */
  apply(record: LogRecord): void {
    const { type, body } = decodeCaptureRecord(record.type, record.body)
    this.position = record.position
    switch (type) {
      case CaptureRecordType.began:
        this.#begin(body, record.timeMs)
        return
      case CaptureRecordType.opened:
        this.nextConnection = Math.max(this.nextConnection, body.connection + 1)
        this.counts.opened += 1
        this.#open.add(body.connection)
        this.#opened(record.timeMs)
        return
      case CaptureRecordType.closed:
        this.#close(body)
        return
      case CaptureRecordType.messages:
        for (const message of body) this.#hear(message)
        return
      default:
        return
    }
  }

  #begin(body: Began, timeMs: number): void {
    this.began = body
    this.counts.starts += 1
    if (this.counts.starts === 1) this.beganMs = timeMs
    else this.#trouble.add('restarted')
    this.#open.clear()
  }

  #close({ connection, cause, detail }: Closed): void {
    this.nextConnection = Math.max(this.nextConnection, connection + 1)
    this.#open.delete(connection)
    this.counts.closed[cause] = (this.counts.closed[cause] ?? 0) + 1
    if (cause === 'stopped') return
    this.#trouble.add(cause)
    this.#lastEnd = detail === '' ? cause : `${cause}: ${detail}`
  }

  /** Why the feed is not heard now; null while it is. For the organiser: it quotes the source. */
  get problem(): string | null {
    return this.#open.size > 0 || this.#lastEnd === undefined ? null : `no connection: ${this.#lastEnd}`
  }

  get #scheme(): IdScheme {
    const { isEvents, idPointer, idOrder, gapEvents } = this.began?.settings ?? {}
    return {
      isEvents: isEvents === true,
      idPointer: typeof idPointer === 'string' && idPointer !== '' ? idPointer : null,
      // Written by a recorder of ours.
      order: (idOrder ?? 'opaque') as IdOrder,
      gapEvents: typeof gapEvents === 'string' && gapEvents !== '' ? gapEvents.split(' ') : [],
    }
  }

  /** Whether the next id shows what was lost meanwhile. */
  get #idsTell(): boolean {
    const isResumed = this.began?.settings.resumes === true
    return this.lastId !== undefined && (isResumed || this.#scheme.order === 'consecutive')
  }

  #opened(atMs: number): void {
    if (this.#heardMs === undefined) this.#trouble.clear()
    else if (!this.#idsTell) this.#lose(this.#heardMs, atMs)
    if (this.#trouble.size > 0) return
    this.#heardMs = atMs
    this.gaps.reached(atMs)
  }

  #lose(fromMs: number, toMs: number, cause?: HoleCause): void {
    if (cause !== undefined) this.#trouble.add(cause)
    if (this.#trouble.size > 0) this.gaps.hole(fromMs, toMs, this.#trouble)
    this.#trouble.clear()
  }

  #hear({ bytes, arrivedMs }: RawMessage): void {
    this.counts.messages += 1
    this.counts.bytes += bytes.length
    const scheme = this.#scheme
    const named = namedIn(bytes, scheme)
    const { id, isBare, saysGap } = named
    const fromMs = this.#heardMs ?? arrivedMs
    if (saysGap) this.#lose(fromMs, arrivedMs, 'skipped')
    if (id === undefined || isBare) this.counts.others += 1
    if (id !== undefined) {
      if (!saysGap) this.#judge({ ...named, id }, fromMs, arrivedMs, scheme.order)
      this.#know(id)
    }
    // Until its ids tell what was lost, nothing more is vouched for.
    if (this.#trouble.size > 0) return
    this.#heardMs = Math.max(fromMs, arrivedMs)
    this.gaps.reached(this.#heardMs)
  }

  #know(id: string): void {
    this.lastId = id
    this.#ids.add(id)
    keepNewest(this.#ids, MAX_IDS)
  }

  #judge({ id, isBare }: Named & { id: string }, fromMs: number, atMs: number, order: IdOrder): void {
    const between = this.lastId === undefined ? undefined : idsBetween(this.lastId, id)
    if (this.#ids.has(id)) {
      this.counts.duplicates += isBare ? 0 : 1
      this.#trouble.clear()
    } else if (between === undefined || order === 'opaque') this.#trouble.clear()
    else if (between < 0n) this.#lose(fromMs, atMs, 'mismatch')
    else if (order === 'consecutive' && between > 0n) {
      this.counts.missing += Number(between)
      this.#lose(fromMs, atMs, this.#trouble.size > 0 ? undefined : 'skipped')
    } else this.#trouble.clear()
  }

  report(name: string): CaptureReport {
    const { duplicates, missing, messages, others } = this.counts
    return lineReport(name, this, this.gaps, {
      connections: this.#open.size,
      lastId: this.lastId,
      lastMs: this.#heardMs,
      counts: { duplicates, missing, diffs: messages - others },
    })
  }

  toJSON(): FeedState {
    return {
      version: STATE_VERSION,
      position: this.position,
      began: this.began ?? null,
      beganMs: this.beganMs,
      nextConnection: this.nextConnection,
      gaps: this.gaps.toJSON(),
      counts: this.counts,
      lastId: this.lastId ?? null,
      heardMs: this.#heardMs ?? null,
      trouble: [...this.#trouble],
      ids: [...this.#ids],
      open: [...this.#open],
      lastEnd: this.#lastEnd ?? null,
    }
  }

  /** Undefined for the state of another kind or release: it is folded anew. */
  static load(saved: unknown): FeedFold | undefined {
    // Written by `toJSON`; what else it is shows in its version.
    const state = saved as FeedState
    if (state.version !== STATE_VERSION) return undefined
    const fold = new FeedFold(Gaps.fromJSON(state.gaps))
    fold.position = positionOf(state.position)
    fold.began = state.began ?? undefined
    fold.beganMs = state.beganMs
    fold.nextConnection = state.nextConnection
    fold.counts = { ...state.counts, closed: { ...state.counts.closed } }
    fold.lastId = state.lastId ?? undefined
    fold.#heardMs = state.heardMs ?? undefined
    for (const cause of state.trouble) fold.#trouble.add(cause)
    for (const id of state.ids) fold.#ids.add(id)
    for (const connection of state.open) fold.#open.add(connection)
    fold.#lastEnd = state.lastEnd ?? undefined
    return fold
  }
}

interface FeedState {
  readonly version: string
  readonly position: number
  readonly began: Began | null
  readonly beganMs: number
  readonly nextConnection: number
  readonly gaps: GapsState
  readonly counts: FeedCounts
  readonly lastId: string | null
  readonly heardMs: number | null
  readonly trouble: readonly HoleCause[]
  readonly ids: readonly string[]
  readonly open: readonly number[]
  readonly lastEnd: string | null
}
