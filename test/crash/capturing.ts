/** A process that captures a source: `node capturing.ts FOLDER SETTINGS`. A crash point may end it, or whoever started it. */

import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { Random } from '../../src/base/random.ts'
import { Boards } from '../../src/boards/boards.ts'
import { PlaceCollector } from '../../src/capture/place/collector.ts'
import type { PlaceSettings } from '../../src/capture/place/settings.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { openSourceFetch } from '../../src/capture/source/fetch.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { Kv } from '../../src/store/kv.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'

const [folder = '', settings = '{}'] = process.argv.slice(2)
const log = LmdbLog.open(join(folder, 'log'), systemClock)
const kv = Kv.open(join(folder, 'state'), 32)
const die = (reason: unknown): void => {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
const boards = await Boards.open({
  log,
  kv,
  clock: systemClock,
  onSnapshotError: (_board, error) => die(error),
  onStopped: (_board, reason) => die(reason),
})
await PlaceCollector.open('place', JSON.parse(settings) as PlaceSettings, {
  log,
  kv,
  objects: FolderObjects.open(join(folder, 'objects')),
  boards,
  clock: systemClock,
  random: new Random(process.pid).next,
  fetch: openSourceFetch(),
  openSocket: openSourceSocket,
  freeBytes: async () => Number.POSITIVE_INFINITY,
  onError: () => {},
  onStopped: die,
})
