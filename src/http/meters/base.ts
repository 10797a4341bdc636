import { SpateError } from '../../base/errors.ts'
import type { BoardHost } from '../../boards/host.ts'
import { START } from '../../log/port.ts'
import { METER_STREAM } from '../../meters/meters.ts'
import type { MeterSource } from '../../meters/source.ts'
import { BoardAges } from '../board-ages.ts'
import type { HttpServices } from '../services.ts'
import { shownName } from '../shown-name.ts'

/** What is known of an entity or a value besides what it is called in the meter. */
export interface Words {
  readonly name?: string | null
  readonly color?: string
}

/** Meters that are asked under one address. */
export interface MeterBase {
  readonly source: MeterSource
  /** Together with the position of the source, all that answers are made of. */
  readonly tag: string
  /** As a meter calls what a request calls so. */
  entityOf(meter: string, text: string): string
  aboutEntity(meter: string, entity: string): Words
  aboutValue(dimension: string, value: string): Words
}

const NOTHING: Words = {}

/** Those that the organiser declares. */
export class FreeStanding {
  readonly #services: HttpServices
  #age: string | undefined

  constructor(services: HttpServices) {
    this.#services = services
  }

  async base(): Promise<MeterBase> {
    return {
      source: this.#services.meters,
      tag: await this.#tag(),
      entityOf: (_meter, text) => text,
      aboutEntity: () => NOTHING,
      aboutValue: () => NOTHING,
    }
  }

  /** When the stream began: a log that is made anew reaches the same positions. */
  async #tag(): Promise<string> {
    if (this.#age !== undefined) return this.#age
    const [first] = await this.#services.log.read(METER_STREAM, START, { records: 1, bytes: 1 })
    if (first === undefined) return '0'
    this.#age = first.timeMs.toString(36)
    return this.#age
  }
}

/** What the meters of boards count by. */
const BY_COLOR: ReadonlySet<string> = new Set(['colors', 'area'])

/** Those that boards feed. Players are numbers there, colours indexes of the palette. */
export class OfBoards {
  readonly #services: HttpServices
  readonly #ages = new BoardAges()

  constructor(services: HttpServices) {
    this.#services = services
  }

  /** Errors: `not-found` for a board that is not there, `unavailable` where its meters are not served. */
  async base(id: string): Promise<MeterBase> {
    const { boards, players, boardMeters } = this.#services
    const host = boards.get(id)
    const source = boardMeters.of(id)
    const { position: names } = players
    return {
      source,
      // Names and palettes change without the meters.
      tag: `${await this.#ages.of(host)}-${names}-${host.canvas.infoAt}`,
      entityOf: (meter, text) => this.#entityOf(meter, text),
      aboutEntity: (meter, entity) => (BY_COLOR.has(meter) ? colorOf(host, entity) : this.#player(entity)),
      aboutValue: (dimension, value) => (dimension === 'color' ? colorOf(host, value) : NOTHING),
    }
  }

  /** A player is also found by `name:` and the name. */
  #entityOf(meter: string, text: string): string {
    if (BY_COLOR.has(meter) || !text.startsWith('name:')) return text
    const number = this.#services.players.playerNamed(text.slice('name:'.length))
    if (number === undefined) {
      throw new SpateError('not-found', `there is no player ${JSON.stringify(text.slice('name:'.length))}`)
    }
    return String(number)
  }

  #player(entity: string): Words {
    return { name: shownName(this.#services.players.player(Number(entity))) }
  }
}

function colorOf({ canvas }: BoardHost, index: string): Words {
  const rgb = canvas.info.palette[Number(index)]
  return rgb === undefined ? NOTHING : { color: `#${rgb.toString(16).padStart(6, '0').toUpperCase()}` }
}
