import { Pace } from '../base/pace.ts'
import { FOLLOW_LIMIT, type Log } from '../log/port.ts'
import type { Kv, Table } from '../store/kv.ts'
import { CaptureFold } from './place/fold.ts'
import { captureStream } from './records.ts'
import { type CaptureReport, captureReport } from './report.ts'

/** Folding more than this is worth a saved state. */
const SAVE_AFTER = 50_000

export interface CapturedStreamServices {
  readonly log: Pick<Log, 'read' | 'head'>
  readonly kv: Kv
  readonly onError: (error: unknown) => void
}

/**
 * What a stream says of a capture that this server does not follow: because it was stopped, or because another server
 * follows it. It is folded up to its end when somebody asks.
 */
export class CapturedStream {
  readonly name: string
  readonly #services: CapturedStreamServices
  readonly #table: Table
  #fold: CaptureFold
  #savedAt: number
  #folding: Promise<CaptureFold> | undefined

  constructor(name: string, services: CapturedStreamServices) {
    this.name = name
    this.#services = services
    this.#table = services.kv.table('captures')
    this.#fold = this.#load()
    this.#savedAt = this.#fold.position
  }

  /** As of all that the stream holds. Errors: those of the log, `newer-version`, `corrupt`. */
  async report(): Promise<CaptureReport> {
    return captureReport(this.name, await this.fold())
  }

  /** Of several that ask meanwhile all get the same. */
  fold(): Promise<CaptureFold> {
    this.#folding ??= this.#catchUp().finally(() => {
      this.#folding = undefined
    })
    return this.#folding
  }

  async #catchUp(): Promise<CaptureFold> {
    const { log } = this.#services
    const stream = captureStream(this.name)
    if (this.#fold.position > (await log.head(stream))) this.#fold = new CaptureFold()
    const pace = new Pace()
    for (;;) {
      const records = await log.read(stream, this.#fold.position, FOLLOW_LIMIT)
      if (records.length === 0) break
      for (const record of records) {
        this.#fold.apply(record)
        await pace.turn()
      }
      this.#fold.takeFresh()
    }
    if (this.#fold.position - this.#savedAt > SAVE_AFTER) await this.#save()
    return this.#fold
  }

  #load(): CaptureFold {
    try {
      const stored = this.#table.get(this.name)
      return (stored === undefined ? undefined : CaptureFold.parse(stored.toString())) ?? new CaptureFold()
    } catch (error) {
      this.#services.onError(error)
      return new CaptureFold()
    }
  }

  async #save(): Promise<void> {
    const { position } = this.#fold
    const state = new TextEncoder().encode(JSON.stringify(this.#fold))
    try {
      await this.#services.kv.commit('visible', (changes) => changes.put(this.#table, this.name, state))
      this.#savedAt = position
    } catch (error) {
      this.#services.onError(error)
    }
  }
}
