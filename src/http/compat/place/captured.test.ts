import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { HttpServer } from '../../../../test/support/http.ts'
import { memoryKv } from '../../../../test/support/memory-kv.ts'
import { placeUrl } from '../../../../test/support/place-client.ts'
import { type Lifetime, tempFolder } from '../../../../test/support/tmp.ts'
import { systemClock } from '../../../base/clock.ts'
import { Random } from '../../../base/random.ts'
import { Boards } from '../../../boards/boards.ts'
import { type Area, wrap } from '../../../boards/canvas/geometry.ts'
import { PlaceCollector } from '../../../capture/place/collector.ts'
import { PLACE_SETTINGS } from '../../../capture/place/settings.ts'
import { openSourceSocket } from '../../../capture/place/socket.ts'
import { openSourceFetch } from '../../../capture/source/fetch.ts'
import { MemoryLog } from '../../../log/memory.ts'
import { FolderObjects } from '../../../store/objects/folder.ts'

const NAME = 'copy'
const PLACEMENTS = 120

async function captured(
  t: Lifetime,
  { url }: HttpServer,
): Promise<{ collector: PlaceCollector; boards: Boards; errors: unknown[] }> {
  const errors: unknown[] = []
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  const log = stack.use(new MemoryLog(systemClock))
  const onSnapshotError = (_board: string, error: unknown): number => errors.push(error)
  const onStopped = onSnapshotError
  const services = { log, kv: memoryKv(), clock: systemClock, onSnapshotError, onStopped }
  const boards = stack.use(await Boards.open(services))
  const query = `${placeUrl(url).replace('http', 'ws')}/query`
  const settings = { ...PLACE_SETTINGS, pageUrl: `${placeUrl(url)}/`, queryUrl: query, historyUrl: query }
  const collector = stack.use(
    await PlaceCollector.open(
      NAME,
      { ...settings, historyRequestsPerSecond: 100 },
      {
        log,
        kv: memoryKv(),
        objects: FolderObjects.open(tempFolder(t)),
        boards,
        clock: systemClock,
        random: new Random(3).next,
        fetch: openSourceFetch(),
        openSocket: openSourceSocket,
        freeBytes: async () => Number.POSITIVE_INFINITY,
        onError: (error) => errors.push(error),
        onStopped: (reason) => errors.push(reason),
      },
    ),
  )
  return { collector, boards, errors }
}

test('[S54] our own collector, told other addresses alone, ends with the board’s cells and no hole', async (t) => {
  const extent: Area = { left: -40, top: 0, width: 1080, height: 20 }
  const server = await HttpServer.withLobby(t, { extent })
  const { collector, boards, errors } = await captured(t, server)
  const canvases = (): ReturnType<PlaceCollector['report']>['canvases'] => collector.report().canvases
  const until = async (condition: () => boolean): Promise<void> => {
    for (let look = 0; look < 400 && !condition(); look++) await setTimeout(25)
    assert.ok(condition(), JSON.stringify([collector.report(), errors.map(String)], undefined, 1))
  }
  await until(() => canvases().length === 3 && canvases().every(({ connections }) => connections === 2))
  const painters = await Promise.all([server.visitor(), server.visitor(), server.visitor()])
  for (let i = 0; i < PLACEMENTS; i++) {
    server.clock.nowMs += 7
    await painters[i % 3]?.place(-40 + ((i * 97) % 1080), (i * 7) % 20, 1 + (i % 15))
  }
  const from = server.services.boards.get('lobby').canvas
  const to = boards.get(NAME).canvas
  const differing = (): string[] => {
    const cells: string[] = []
    for (let x = extent.left; x < extent.left + extent.width; x++) {
      for (let y = 0; y < extent.height; y++) {
        const shown = from.info.palette[from.colorAt(wrap(x), wrap(y))]
        if (to.info.palette[to.colorAt(wrap(x), wrap(y))] !== shown) cells.push(`${x},${y}`)
      }
    }
    return cells
  }
  await until(() => differing().length === 0 && canvases().every(({ waiting }) => waiting === 0))
  await until(() => canvases().every(({ openAsks }) => openAsks === 0))
  assert.deepEqual(
    canvases().map(({ holes }) => holes),
    [[], [], []],
  )
  const answered = canvases().reduce((sum, { counts }) => sum + counts.answered, 0)
  assert.equal(answered, PLACEMENTS)
  assert.ok(canvases().every(({ counts }) => counts.diffs > 0))
  assert.deepEqual(errors, [])
})
