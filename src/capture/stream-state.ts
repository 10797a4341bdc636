import type { Clock } from '../base/clock.ts'
import { SpateError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { type Log, type LogRecord, type Position, START } from '../log/port.ts'
import type { Kv, Table } from '../store/kv.ts'
import { captureStream } from './records.ts'

const SAVE_EVERY_MS = 10_000

/** What a stream `capture/<name>` says; decided from the stream alone. `toJSON` is its whole state. */
export interface StreamFold {
  readonly position: Position
  /** Errors: `newer-version`, `corrupt`. */
  apply(record: LogRecord): void
  toJSON(): object
}

export interface StreamStateServices<Fold> {
  readonly log: Pick<Log, 'head' | 'follow'>
  readonly kv: Kv
  readonly clock: Clock
  /** @param saved as `toJSON` gave it, of whatever release; undefined where it cannot be used */
  readonly load: (saved: unknown) => Fold | undefined
  readonly empty: () => Fold
  readonly onError: (error: unknown) => void
  /** After every batch. */
  readonly onFolded: () => void
  readonly onStopped: (reason: SpateError) => void
}

/**
 * Follows a capture's stream with its fold. The state is saved every 10 s, while it changes, with its position; it is a
 * short cut to the next start, and may be deleted. A record that cannot be read ends it.
 */
export class StreamState<Fold extends StreamFold> implements AsyncDisposable {
  fold: Fold
  stopped: SpateError | undefined
  readonly #name: string
  readonly #services: StreamStateServices<Fold>
  readonly #table: Table
  readonly #stop = new AbortController()
  readonly #caughtUp = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()
  #cancelSave: (() => void) | undefined
  #savedAt: Position = START
  #saving: Promise<void> = Promise.resolve()

  private constructor(name: string, services: StreamStateServices<Fold>) {
    this.#name = name
    this.#services = services
    this.#table = services.kv.table('captures')
    this.fold = this.#load() ?? services.empty()
  }

  /** Resolves when all is folded that the stream holds. Errors: those of the log, `newer-version`, `corrupt`. */
  static async open<Fold extends StreamFold>(
    name: string,
    services: StreamStateServices<Fold>,
  ): Promise<StreamState<Fold>> {
    const state = new StreamState(name, services)
    const head = await services.log.head(captureStream(name))
    if (state.fold.position > head) state.fold = services.empty()
    state.#running = state.#follow(head)
    await state.#caughtUp.promise
    if (state.stopped !== undefined) throw state.stopped
    state.#armSave(0)
    return state
  }

  #load(): Fold | undefined {
    const stored = this.#table.get(this.#name)
    if (stored === undefined) return undefined
    try {
      const fold = this.#services.load(JSON.parse(stored.toString()))
      this.#savedAt = fold?.position ?? START
      return fold
    } catch (error) {
      this.#services.onError(error)
      return undefined
    }
  }

  async #follow(head: Position): Promise<void> {
    const pace = new Pace()
    const { log, onFolded } = this.#services
    try {
      if (this.fold.position >= head) this.#caughtUp.resolve()
      const stream = captureStream(this.#name)
      for await (const batch of log.follow(stream, this.fold.position, this.#stop.signal)) {
        for (const record of batch) {
          this.fold.apply(record)
          await pace.turn()
        }
        if (this.fold.position >= head) this.#caughtUp.resolve()
        onFolded()
      }
    } catch (error) {
      this.stopped =
        error instanceof SpateError
          ? error
          : new SpateError('corrupt', 'the capture failed', { cause: error })
      this.#services.onStopped(this.stopped)
    }
    this.#caughtUp.resolve()
  }

  /** A large state is saved less often, so that it takes a hundredth of the thread at most. */
  #armSave(tookMs: number): void {
    const { clock } = this.#services
    this.#cancelSave = clock.after(Math.max(SAVE_EVERY_MS, tookMs * 100), () => {
      const beganMs = clock.elapsedMs()
      void this.#save().then(() => {
        if (!this.#stop.signal.aborted) this.#armSave(clock.elapsedMs() - beganMs)
      })
    })
  }

  /** A state that cannot be saved costs nothing but a longer start. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const { position } = this.fold
      if (position === this.#savedAt) return
      const state = new TextEncoder().encode(JSON.stringify(this.fold))
      try {
        await this.#services.kv.commit('visible', (changes) => changes.put(this.#table, this.#name, state))
        this.#savedAt = position
      } catch (error) {
        this.#services.onError(error)
      }
    })
    return this.#saving
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelSave?.()
    this.#stop.abort()
    await this.#running
    await this.#save()
  }
}
