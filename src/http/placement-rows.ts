import type { Cell } from '../boards/canvas/chunk.ts'

/** One placement, as it is exported. */
export interface PlacementRow {
  readonly position: number
  readonly kind: 'placed' | 'painted' | 'restored'
  /** When it happened, ms: for a restored cell when it came back, not when it was first painted. */
  readonly timeMs: number
  /** Signed. */
  readonly x: number
  readonly y: number
  readonly color: number
  /** Whose colour it is; 0: nobody's. */
  readonly player: number
}

export interface ExportedPlayer {
  readonly number: number
  readonly name: string | null
  readonly key: string
}

/** Writes placements down, one after the other. What it answers with is the text to send. */
export interface RowWriter {
  readonly contentType: string
  begin(): string
  row(row: PlacementRow): string
  end(rows: number, position: number): string
}

export interface RowContext {
  /** 0xRRGGBB. */
  readonly palette: readonly number[]
  readonly player: (number: number) => ExportedPlayer | undefined
}

/** Of the rows that a restored cell makes: it is nobody's doing of that moment. */
const RESTORED_ID = 'restored'
const FOREIGN_KEY = /^s:[^/]*\//

/**
 * The CSV in which the year 2022 of r/place was published. An author from elsewhere has the id they had there,
 * a player is `player-NUMBER`, nobody is empty, and a cell that was put back is of `restored`.
 */
export class Csv2022Writer implements RowWriter {
  readonly contentType = 'text/csv; charset=utf-8; header=present'
  readonly #hexes: readonly string[]
  readonly #ids: BoundedCache<string>
  readonly #clock = new TextClock(' ', ' UTC')

  constructor({ palette, player }: RowContext) {
    this.#hexes = palette.map(hexOf)
    this.#ids = new BoundedCache((number) => quoted(idOf(number, player(number))))
  }

  begin(): string {
    return 'timestamp,user_id,pixel_color,coordinate\n'
  }

  row({ kind, timeMs, x, y, color, player }: PlacementRow): string {
    const id = kind === 'restored' ? RESTORED_ID : player === 0 ? '' : this.#ids.get(player)
    return `${this.#clock.text(timeMs)},${id},${this.#hexes[color]},"${x},${y}"\n`
  }

  end(): string {
    return ''
  }
}

/** As a dataset has it: of an author from elsewhere what they were there. */
export function idOf(number: number, player: ExportedPlayer | undefined): string {
  const foreign = player === undefined ? null : FOREIGN_KEY.exec(player.key)
  return player === undefined || foreign === null ? `player-${number}` : player.key.slice(foreign[0].length)
}

/** RFC 4180. */
function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** A JSON object a line; the last one has the kind `end`, and without it the file is not whole. */
export class NdjsonWriter implements RowWriter {
  readonly contentType = 'application/x-ndjson'
  readonly #colors: readonly string[]
  readonly #players: BoundedCache<string>
  readonly #clock = new TextClock('T', 'Z')

  constructor({ palette, player }: RowContext) {
    this.#colors = palette.map((rgb, index) => `"color":${index},"hex":"${hexOf(rgb)}"`)
    this.#players = new BoundedCache((number) => {
      const { name = null, key = '' } = player(number) ?? {}
      return JSON.stringify({ number, name, key })
    })
  }

  begin(): string {
    return ''
  }

  row({ position, kind, timeMs, x, y, color, player }: PlacementRow): string {
    const who = player === 0 ? 'null' : this.#players.get(player)
    const at = this.#clock.text(timeMs)
    return `{"kind":"${kind}","position":${position},"at":"${at}","x":${x},"y":${y},${this.#colors[color]},"player":${who}}\n`
  }

  end(rows: number, position: number): string {
    return `{"kind":"end","rows":${rows},"position":${position}}\n`
  }
}

function hexOf(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`
}

/** Times as text to the millisecond; most follow one of the same second. */
class TextClock {
  readonly #separator: string
  readonly #zone: string
  #second = Number.NaN
  #text = ''

  constructor(separator: string, zone: string) {
    this.#separator = separator
    this.#zone = zone
  }

  text(timeMs: number): string {
    const second = Math.floor(timeMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toISOString().slice(0, 19).replace('T', this.#separator)
    }
    return `${this.#text}.${String(timeMs - second * 1000).padStart(3, '0')}${this.#zone}`
  }
}

const MAX_CACHED = 262_144

/** What was computed last, forgotten all at once when it is too much. */
class BoundedCache<T> {
  readonly #compute: (number: number) => T
  readonly #values = new Map<number, T>()

  constructor(compute: (number: number) => T) {
    this.#compute = compute
  }

  get(number: number): T {
    const known = this.#values.get(number)
    if (known !== undefined) return known
    if (this.#values.size >= MAX_CACHED) this.#values.clear()
    const value = this.#compute(number)
    this.#values.set(number, value)
    return value
  }
}

/** The row of a cell that a record set. */
export function rowOf(
  record: { readonly position: number; readonly timeMs: number },
  kind: PlacementRow['kind'],
  at: { readonly x: number; readonly y: number },
  { color, player, timeMs }: Cell,
): PlacementRow {
  return {
    position: record.position,
    kind,
    timeMs: kind === 'restored' ? record.timeMs : timeMs,
    x: at.x,
    y: at.y,
    color,
    player,
  }
}
