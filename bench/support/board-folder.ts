import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { FREE_RULES } from '../../src/boards/canvas/rules.ts'
import { boardStream } from '../../src/boards/host.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import type { NewRecord } from '../../src/log/port.ts'
import { type Crowd, type CrowdOptions, eventCrowd, placedRecords } from './crowd.ts'

export const BOARD = 'bench'
export const PLAYERS = 500_000
const RECORDS_A_COMMIT = 1000
/** A board that began a day ago. */
const AGE_MS = 86_400_000

export function logFolder(dataFolder: string): string {
  return join(dataFolder, 'log')
}

export function stateFolder(dataFolder: string): string {
  return join(dataFolder, 'state')
}

export interface Filling {
  readonly total: number
  readonly perRecord: number
  /** The board is `side` × `side`. */
  readonly side: number
  /** Default: an event's. */
  readonly crowd?: (options: CrowdOptions) => Crowd
}

/** Fills a data folder's log with a board of `total` placements by a crowd, spread over a day. */
export async function fillLog(
  dataFolder: string,
  { total, perRecord, side, crowd = eventCrowd }: Filling,
): Promise<void> {
  await using log = LmdbLog.open(logFolder(dataFolder), systemClock)
  const next = crowd({ seed: 3, side, players: PLAYERS, colors: CLASSIC_PALETTE.length })
  const startMs = Date.now() - AGE_MS
  const created = {
    id: BOARD,
    extent: { left: 0, top: 0, width: side, height: side },
    palette: CLASSIC_PALETTE,
    background: 0,
    rules: FREE_RULES,
  }
  const body = encodeBody({ type: RecordType.created, body: created })
  await log.append(boardStream(BOARD), [{ type: RecordType.created, body, timeMs: startMs }])
  const everyMs = AGE_MS / (total / perRecord + 1)
  let group: NewRecord[] = []
  for (const record of placedRecords(next, total, perRecord, startMs, everyMs)) {
    group.push(record)
    if (group.length < RECORDS_A_COMMIT) continue
    await log.append(boardStream(BOARD), group)
    group = []
  }
  if (group.length > 0) await log.append(boardStream(BOARD), group)
}
