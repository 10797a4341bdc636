import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NODE_ENV, NODE_FLAGS } from '../../scripts/node.mjs'
import { systemClock } from '../../src/base/clock.ts'
import type { CrashPoint } from '../../src/base/crash.ts'
import { Random } from '../../src/base/random.ts'
import type { PlaceSettings } from '../../src/capture/place/settings.ts'
import { CaptureRecordType } from '../../src/capture/records.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { Kv } from '../../src/store/kv.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { TestCapture, within } from '../support/captures.ts'
import { FakePlace } from '../support/fake-place.ts'
import { tempFolder } from '../support/tmp.ts'

const POINTS: readonly [CrashPoint, number][] = [
  ['capture.after-object', 3],
  ['capture.before-paint', 3],
  ['capture.after-paint', 3],
  ['capture.after-applied', 4],
  ['capture.before-answers', 30],
  ['log.before-commit', 12],
  ['log.after-commit', 15],
]

/** Where more changes than may wait. */
const FLOODED: readonly [CrashPoint, number][] = [
  ['capture.before-overdue', 3],
  ['capture.after-overdue', 3],
]

class Killed {
  readonly folder: string
  readonly source: FakePlace
  readonly settings: PlaceSettings
  readonly #t: TestContext

  constructor(t: TestContext, source: FakePlace, part: Partial<PlaceSettings> = {}) {
    this.#t = t
    this.folder = tempFolder(t)
    this.source = source
    const historyUrl = source.settings().queryUrl
    this.settings = source.settings({ historyUrl, historySockets: 2, ...part })
  }

  start(crashAt: string): ChildProcess {
    const program = join(import.meta.dirname, 'capturing.ts')
    const child = spawn(
      process.execPath,
      [...NODE_FLAGS, program, this.folder, JSON.stringify(this.settings)],
      {
        env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_CRASH_AT: crashAt },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    this.#t.after(() => child.kill('SIGKILL'))
    return child
  }

  /** Changes cells until the process is dead. */
  async tickUntilDead(child: ChildProcess): Promise<void> {
    const { source } = this
    const dead = once(child, 'exit')
    await within(
      'two connections',
      source.until(() => source.listeners(0).length >= 2 || isDead(child)),
    )
    while (!isDead(child)) {
      await source.tick(0)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const [code, signal] = await within('an end', dead)
    assert.deepEqual({ code, signal }, { code: null, signal: 'SIGKILL' })
    await source.until(() => source.subscribers(0).length === 0)
  }

  /**
   * Captures on in this process until all is settled, then looks at everything.
   * @param isFlooded only of what still shows all authors were asked for
   */
  async inspect(isFlooded = false): Promise<void> {
    const { folder, source } = this
    await using log = LmdbLog.open(join(folder, 'log'), systemClock)
    await using kv = Kv.open(join(folder, 'state'), 32)
    const objects = FolderObjects.open(join(folder, 'objects'))
    const capture = await TestCapture.open(this.#t, source, this.settings, { log, kv, objects })
    try {
      await capture.connected()
      const last = await source.tick(0)
      await capture.settled()
      await capture.until('the answers', () => capture.canvas()?.openAsks === 0)
      if (isFlooded) await capture.caughtUp()
      assert.deepEqual(capture.shown(), source.colors(last))
      assert.deepEqual(await capture.wrongFrames(), [])
      const paintings = (await capture.paintings()).map(({ x, y, timeMs }) => `${x} ${y} ${timeMs}`)
      assert.equal(new Set(paintings).size, paintings.length, 'painted twice')
      const answers = (await capture.recordsOf(CaptureRecordType.answered))
        .flatMap(({ body }) => [...body])
        .map(({ x, y, changeMs }) => `${x} ${y} ${changeMs}`)
      assert.ok(answers.length > 0)
      assert.equal(new Set(answers).size, answers.length, 'answered twice')
      const wanted = isFlooded ? capture.painted().map(({ x, y, ms }) => `${x} ${y} ${ms}`) : paintings
      assert.ok(new Set(wanted).isSubsetOf(new Set(answers)), 'painted and nobody asked for it')
      for (const [fromMs, toMs, ...causes] of capture.holes()) {
        assert.ok(
          causes.every((cause) => cause === 'restarted'),
          `${fromMs} to ${toMs}: ${causes}`,
        )
      }
      const fetched = (await capture.recordsOf(CaptureRecordType.fetched)).flatMap(({ body }) => body.frames)
      const stored = await Array.fromAsync(objects.list('frames/'))
      const changed = await capture.recordsOf(CaptureRecordType.changed)
      const hashes = new Set([...fetched, ...changed.map(({ body }) => body)].map(({ sha256 }) => sha256))
      assert.deepEqual(stored.map(({ key }) => key.slice(10, 74)).toSorted(), [...hashes].toSorted())
    } finally {
      await capture.close()
    }
  }
}

function isDead(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

for (const [point, visit] of POINTS) {
  test(`[K14] a collector that dies at ${point} goes on: nothing is painted or answered twice`, async (t) => {
    const killed = new Killed(t, await FakePlace.open(t, { cellsATick: 12 }))
    await killed.tickUntilDead(killed.start(`${point}:${visit}`))
    await killed.inspect()
  })
}

for (const [point, visit] of FLOODED) {
  test(`[K14] a collector that dies at ${point} goes on: nothing is answered twice or forgotten`, async (t) => {
    const source = await FakePlace.open(t, { cellsATick: 12 })
    const killed = new Killed(t, source, { historyWaiting: 20 })
    await killed.tickUntilDead(killed.start(`${point}:${visit}`))
    await killed.inspect(true)
  })
}

test('[K14] a collector that is killed at any moment, again and again, goes on', async (t) => {
  const random = new Random(Number(process.env.SPATE_SEED ?? 1))
  const killed = new Killed(t, await FakePlace.open(t, { cellsATick: 12 }))
  for (let round = 0; round < 3; round++) {
    const child = killed.start('')
    const ticking = killed.tickUntilDead(child)
    await within(
      'two connections',
      killed.source.until(() => killed.source.listeners(0).length >= 2),
    )
    const cancel = systemClock.after(random.between(20, 500), () => child.kill('SIGKILL'))
    await ticking
    cancel()
  }
  await killed.inspect()
})
