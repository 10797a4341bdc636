/**
 * Meters whose entities and values are numbers: a row is its entity's number plus 1, so that nothing is kept by name.
 * Only which series there are is: by pages of 16 entities, in the order of the series' numbers,
 *
 *     entity in the page u8 | value u8 | series u32 LE
 *
 * What asks for all rows takes memory for as many as the highest number says, so numbers should be given in order.
 */
import { keepNewest } from '../base/keep-newest.ts'
import { MAX_ENTITIES, MAX_SERIES } from './declaration.ts'
import type { StagedFacts } from './facts.ts'
import type { Members } from './members.ts'
import type { Meter } from './meter.ts'
import { numberedSeriesFact } from './names.ts'

/** Of the one dimension that there may be. */
const VALUES = 256
const ENTITIES_A_PAGE = 16
const ENTRY_BYTES = 6
const PAGES_IN_MEMORY = 16_384

type Read = (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>

/** Undefined where the name is none of a number below `most`. */
function numberOfName(name: string, most: number): number | undefined {
  const number = Number(name)
  return Number.isInteger(number) && number >= 0 && number < most && String(number) === name
    ? number + 1
    : undefined
}

export function entityRow(name: string): number | undefined {
  return numberOfName(name, MAX_ENTITIES - 1)
}

export function valueNumber(name: string): number | undefined {
  return numberOfName(name, VALUES)
}

export function nameOfNumber(number: number): string {
  return String(number - 1)
}

/** By place: the entity in its page times 256, plus its value; in the order in which they were numbered. */
type Series = Map<number, number>

function placeOf(entity: number, value: number): number {
  return (entity % ENTITIES_A_PAGE) * VALUES + value - 1
}

function decode(page: Uint8Array | undefined): Series {
  const series: Series = new Map()
  if (page === undefined) return series
  const view = new DataView(page.buffer, page.byteOffset, page.length)
  for (let at = 0; at < page.length; at += ENTRY_BYTES) {
    series.set(view.getUint16(at, false), view.getUint32(at + 2, true))
  }
  return series
}

function encode(series: Series): Uint8Array {
  const bytes = Buffer.allocUnsafe(series.size * ENTRY_BYTES)
  let at = 0
  for (const [place, number] of series) {
    bytes.writeUInt16BE(place, at)
    at = bytes.writeUInt32LE(number, at + 2)
  }
  return bytes
}

/** The series of an entity, each with its value's number. */
export async function readNumberedSeries(
  meter: number,
  entity: number,
  read: Read,
): Promise<{ row: number; value: number }[]> {
  const [page] = await read([numberedSeriesFact(meter, Math.floor(entity / ENTITIES_A_PAGE))])
  return [...decode(page)]
    .filter(([place]) => place >> 8 === entity % ENTITIES_A_PAGE)
    .map(([place, row]) => ({ row, value: (place & 0xff) + 1 }))
}

/** Of all series. */
export async function readNumberedMembers({ number, entities, series }: Meter, read: Read): Promise<Members> {
  const pages = Math.floor(entities / ENTITIES_A_PAGE) + 1
  const numbers = new Uint32Array(series * 2)
  const stored = await read(Array.from({ length: pages }, (_, page) => numberedSeriesFact(number, page)))
  for (const [page, bytes] of stored.entries()) {
    for (const [place, row] of decode(bytes)) {
      // What another server added meanwhile is left out.
      if (row > series) continue
      numbers[(row - 1) * 2] = page * ENTITIES_A_PAGE + (place >> 8)
      numbers[(row - 1) * 2 + 1] = (place & 0xff) + 1
    }
  }
  return { width: 2, numbers }
}

/** What the fold knows of these series. What a record adds is kept or dropped with it. */
export class NumberedSeries {
  readonly #facts: StagedFacts
  readonly #pages = new Map<string, Series>()
  readonly #changed = new Set<string>()
  #draft: { readonly key: string; readonly place: number }[] = []

  constructor(facts: StagedFacts) {
    this.#facts = facts
  }

  /** Before series of these entities are asked for. */
  async ready(entities: readonly { readonly meter: Meter; readonly entity: number }[]): Promise<void> {
    const unknown = new Set<string>()
    for (const { meter, entity } of entities) {
      const key = numberedSeriesFact(meter.number, Math.floor(entity / ENTITIES_A_PAGE))
      if (!this.#pages.has(key)) unknown.add(key)
    }
    if (unknown.size === 0) return
    const keys = [...unknown]
    for (const [i, page] of (await this.#facts.read(keys)).entries()) {
      this.#pages.set(keys[i] ?? '', decode(page))
    }
  }

  /** Numbered now where it is new; undefined where there are too many. */
  of(meter: Meter, entity: number, value: number): number | undefined {
    const key = numberedSeriesFact(meter.number, Math.floor(entity / ENTITIES_A_PAGE))
    const place = placeOf(entity, value)
    const series = this.#pages.get(key)
    const known = series?.get(place)
    if (known !== undefined) return known
    if (meter.series >= MAX_SERIES) return undefined
    meter.series += 1
    series?.set(place, meter.series)
    this.#draft.push({ key, place })
    return meter.series
  }

  keep(): void {
    for (const { key } of this.#draft) this.#changed.add(key)
    this.#draft = []
  }

  drop(): void {
    for (const { key, place } of this.#draft) this.#pages.get(key)?.delete(place)
    this.#draft = []
  }

  /** Puts what has changed into what goes to the store next. */
  stage(): void {
    for (const key of this.#changed) {
      const series = this.#pages.get(key)
      if (series !== undefined) this.#facts.set(key, { value: encode(series) })
    }
    this.#changed.clear()
    keepNewest(this.#pages, PAGES_IN_MEMORY)
  }

  reopen(): void {
    this.#draft = []
    this.#changed.clear()
    this.#pages.clear()
  }
}
