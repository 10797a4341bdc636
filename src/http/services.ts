import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import type { RateLimit } from '../base/rate.ts'
import type { Boards } from '../boards/boards.ts'
import type { Renderer } from '../boards/render/renderer.ts'
import type { Captures } from '../capture/captures.ts'
import type { Jobs } from '../jobs/port.ts'
import type { Rooms } from '../live/rooms.ts'
import type { Log } from '../log/port.ts'
import type { Meters } from '../meters/meters.ts'
import type { MeterSource } from '../meters/source.ts'
import type { PlayerDirectory } from '../players/directory.ts'
import type { Identities } from '../players/identity.ts'
import type { BoardMeterState } from '../stats/board-meters.ts'
import type { Archive } from './archive.ts'
import type { Images } from './board-images.ts'
import type { Failures } from './failures.ts'

export interface BoardMeterSources {
  /** Errors: `unavailable` while they are not there. */
  of(board: string): MeterSource
  /** How those that are there are doing. */
  states(): readonly (BoardMeterState & { readonly board: string })[]
  /** How often the process that measures has died. */
  readonly processDeaths: number
}

/** What the routes work with. */
export interface HttpServices {
  readonly log: Pick<Log, 'read' | 'stopped' | 'trimmed'>
  /** Undefined: there is none. */
  readonly archive: Archive | undefined
  readonly boards: Boards
  readonly rooms: Rooms
  readonly players: PlayerDirectory
  readonly meters: Meters
  /** Those that a board feeds. */
  readonly boardMeters: BoardMeterSources
  readonly captures: Captures
  readonly jobs: Jobs
  readonly identities: Identities
  readonly renderer: Renderer
  readonly images: Images
  readonly clock: Clock
  readonly logger: Logger
  readonly failures: Failures
  readonly adminToken: string
  /** Origins of other sites whose pages may place. */
  readonly origins: ReadonlySet<string>
  readonly trustsProxy: (address: string) => boolean
  readonly playerEdits: RateLimit
  readonly addressEdits: RateLimit
  readonly addressJoins: RateLimit
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Served under /sp. */
  readonly sephsplaceBoard: string | undefined
  /** Where the built page lies, if it was built. */
  readonly pageFolder: string | undefined
}
