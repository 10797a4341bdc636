import { Pace } from '../base/pace.ts'
import { FOLLOW_LIMIT, type Log, type LogRecord, type Position, START } from '../log/port.ts'
import type { Kv, Table } from '../store/kv.ts'
import { decodeCaptureRecord } from './codec.ts'
import { FeedFold } from './feed/fold.ts'
import { CaptureFold } from './place/fold.ts'
import { type CaptureKind, CaptureRecordType, captureStream } from './records.ts'
import type { CaptureReport } from './report.ts'
import { SpateFold } from './spate/fold.ts'

/** Folding more than this is worth a saved state. */
const SAVE_AFTER = 50_000

export interface CapturedStreamServices {
  readonly log: Pick<Log, 'read' | 'head'>
  readonly kv: Kv
  readonly onError: (error: unknown) => void
}

/** The fold of a capture's stream, of whatever kind. */
export interface ReportingFold {
  readonly position: Position
  apply(record: LogRecord): void
  report(name: string): CaptureReport
  toJSON(): object
  /** Of a fold that hands out what it found. */
  takeFresh?(): unknown
}

interface FoldOfKind {
  readonly empty: () => ReportingFold
  /** Undefined for what another release or another kind has saved. */
  readonly load: (saved: unknown) => ReportingFold | undefined
}

const FOLDS: Readonly<Record<CaptureKind, FoldOfKind>> = {
  place: { empty: () => new CaptureFold(), load: CaptureFold.load },
  spate: { empty: () => new SpateFold(), load: SpateFold.load },
  feed: { empty: () => new FeedFold(), load: FeedFold.load },
}

/** Of a stream that begins. */
export function foldOfKind(kind: CaptureKind): ReportingFold {
  return FOLDS[kind].empty()
}

/** What the first record of a capture's stream says; undefined for a stream without any. Errors: those of the log. */
export async function capturedKind(log: Pick<Log, 'read'>, name: string): Promise<CaptureKind | undefined> {
  const [first] = await log.read(captureStream(name), START, { records: 1, bytes: 1 })
  if (first === undefined) return undefined
  const record = decodeCaptureRecord(first.type, first.body)
  return record.type === CaptureRecordType.began ? record.body.kind : undefined
}

/**
 * What a stream says of a capture that this server does not follow: because it was stopped, or because another server
 * follows it. It is folded up to its end when somebody asks.
 */
export class CapturedStream {
  readonly name: string
  readonly #services: CapturedStreamServices
  readonly #table: Table
  #fold: ReportingFold | undefined
  #savedAt = 0
  #folding: Promise<ReportingFold> | undefined

  constructor(name: string, services: CapturedStreamServices) {
    this.name = name
    this.#services = services
    this.#table = services.kv.table('captures')
  }

  /** As of all that the stream holds. Errors: those of the log, `newer-version`, `corrupt`. */
  async report(): Promise<CaptureReport> {
    // Of several that ask meanwhile all get the same.
    this.#folding ??= this.#catchUp().finally(() => {
      this.#folding = undefined
    })
    return (await this.#folding).report(this.name)
  }

  async #catchUp(): Promise<ReportingFold> {
    const { log } = this.#services
    const stream = captureStream(this.name)
    const known = await capturedKind(log, this.name)
    // Nothing says yet what it will be, so nothing of it is kept.
    if (known === undefined) return foldOfKind('place')
    const kind = FOLDS[known]
    let fold = this.#fold ?? this.#load(kind)
    if (fold === undefined || fold.position > (await log.head(stream))) fold = kind.empty()
    this.#fold = fold
    const pace = new Pace()
    for (;;) {
      const records = await log.read(stream, fold.position, FOLLOW_LIMIT)
      if (records.length === 0) break
      for (const record of records) {
        fold.apply(record)
        await pace.turn()
      }
      fold.takeFresh?.()
    }
    if (fold.position - this.#savedAt > SAVE_AFTER) await this.#save(fold)
    return fold
  }

  #load(kind: FoldOfKind): ReportingFold | undefined {
    try {
      const stored = this.#table.get(this.name)
      if (stored === undefined) return undefined
      const fold = kind.load(JSON.parse(stored.toString()))
      this.#savedAt = fold?.position ?? 0
      return fold
    } catch (error) {
      this.#services.onError(error)
      return undefined
    }
  }

  async #save(fold: ReportingFold): Promise<void> {
    const { position } = fold
    const state = new TextEncoder().encode(JSON.stringify(fold))
    try {
      await this.#services.kv.commit('visible', (changes) => changes.put(this.#table, this.name, state))
      this.#savedAt = position
    } catch (error) {
      this.#services.onError(error)
    }
  }
}
