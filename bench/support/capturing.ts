import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { Boards } from '../../src/boards/boards.ts'
import { PlaceCollector } from '../../src/capture/place/collector.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import { placeSettings } from '../../src/capture/wanted.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { Kv } from '../../src/store/kv.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { type Lifetime, tempFolder } from '../../test/support/tmp.ts'

const NEVER_MS = 600_000

function throwIt(error: unknown): never {
  throw error
}

/** A collector on stores of its own on disk, and how far it is. */
export class Following implements AsyncDisposable {
  readonly collector: PlaceCollector
  readonly #stores: readonly AsyncDisposable[]

  private constructor(collector: PlaceCollector, stores: readonly AsyncDisposable[]) {
    this.collector = collector
    this.#stores = stores
  }

  static async open(lifetime: Lifetime, origin: string): Promise<Following> {
    const folder = tempFolder(lifetime)
    const log = LmdbLog.open(join(folder, 'log'), systemClock)
    const kv = Kv.open(join(folder, 'state'), 32)
    const boards = await Boards.open({
      log,
      kv,
      clock: systemClock,
      onSnapshotError: (_board, error) => throwIt(error),
      onStopped: (_board, reason) => throwIt(reason),
    })
    const source = { pageUrl: `${origin}/r/place/`, queryUrl: `${origin.replace('http', 'ws')}/query` }
    // Nothing is checked by a full frame here: those of this source never change.
    const patience = { silenceMs: NEVER_MS, quietMs: NEVER_MS, refreshEveryMs: NEVER_MS }
    const collector = await PlaceCollector.open(
      'place',
      placeSettings({ kind: 'place', settings: { ...source, ...patience } }),
      {
        log,
        kv,
        objects: FolderObjects.open(join(folder, 'objects')),
        boards,
        clock: systemClock,
        random: Math.random,
        fetch: openSourceFetch(),
        openSocket: openSourceSocket,
        freeBytes: async () => Number.POSITIVE_INFINITY,
        onError: throwIt,
        onStopped: throwIt,
      },
    )
    return new Following(collector, [collector, boards, kv, log])
  }

  get applied(): number {
    return this.collector.report().canvases.reduce((sum, { counts }) => sum + counts.applied, 0)
  }

  /** How many, and why. */
  get holes(): string {
    const holes = this.collector.report().canvases.flatMap((canvas) => canvas.holes)
    const causes = [...new Set(holes.flatMap((hole) => hole.causes))]
    return causes.length === 0 ? 'no holes' : `${holes.length} holes (${causes.join(', ')})`
  }

  /** Resolves when so many frames are on the board. */
  async settled(frames: number): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.applied >= frames) reached.resolve()
    }
    const stop = this.collector.onChange(look)
    look()
    await reached.promise
    stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store[Symbol.asyncDispose]()
  }
}
