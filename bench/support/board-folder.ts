import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { encodeBody } from '../../src/boards/canvas/codec.ts'
import { CLASSIC_PALETTE } from '../../src/boards/canvas/palettes.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { FREE_RULES } from '../../src/boards/canvas/rules.ts'
import { boardStream } from '../../src/boards/host.ts'
import { LmdbLog } from '../../src/log/lmdb.ts'
import { type NewRecord, START } from '../../src/log/port.ts'
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
export async function fillLog(dataFolder: string, filling: Filling): Promise<void> {
  await new BoardFolder(dataFolder, filling).grow(filling.total)
}

/** A data folder with a board whose history can be made longer, at the pace at which `total` placements take a day. */
export class BoardFolder {
  readonly path: string
  readonly #perRecord: number
  readonly #side: number
  readonly #next: Crowd
  readonly #everyMs: number
  #timeMs = Date.now() - AGE_MS

  constructor(path: string, { total, perRecord, side, crowd = eventCrowd }: Filling) {
    this.path = path
    this.#perRecord = perRecord
    this.#side = side
    this.#next = crowd({ seed: 3, side, players: PLAYERS, colors: CLASSIC_PALETTE.length })
    this.#everyMs = AGE_MS / (total / perRecord + 1)
  }

  /** Adds so many placements. */
  async grow(count: number): Promise<void> {
    await using log = LmdbLog.open(logFolder(this.path), systemClock)
    const stream = boardStream(BOARD)
    if ((await log.head(stream)) === START) await log.append(stream, [this.#created()])
    let group: NewRecord[] = []
    for (const record of placedRecords(this.#next, count, this.#perRecord, this.#timeMs, this.#everyMs)) {
      group.push(record)
      if (group.length < RECORDS_A_COMMIT) continue
      await log.append(stream, group)
      group = []
    }
    if (group.length > 0) await log.append(stream, group)
    this.#timeMs += (count / this.#perRecord) * this.#everyMs
  }

  #created(): NewRecord {
    const body = {
      id: BOARD,
      extent: { left: 0, top: 0, width: this.#side, height: this.#side },
      palette: CLASSIC_PALETTE,
      background: 0,
      rules: FREE_RULES,
    }
    const type = RecordType.created
    return { type, body: encodeBody({ type, body }), timeMs: this.#timeMs }
  }
}
