/** A process that seals what a data folder's log holds: `node sealing.ts FOLDER`. A crash point may end it. */
import { join } from 'node:path'
import { SEAL_LIMITS, Sealer } from '../../src/archive/sealer.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'

const folder = process.argv[2] ?? ''
await using log = LmdbLog.open(join(folder, 'log'), systemClock)
await using objects = FolderObjects.open(join(folder, 'objects'))
const onError = (): void => {}
await using sealer = new Sealer(
  { log, objects, clock: systemClock, onError },
  { ...SEAL_LIMITS, segmentBytes: 1000 },
)
await sealer.sealAll()
