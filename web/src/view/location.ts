import type { View } from './view.ts'

const DEFAULT_BOARD = 'lobby'

/** What a page's address asks for: a board, and what to show of it where it says so. */
export interface Place {
  readonly board: string
  /** The cell in the middle. */
  readonly x: number | undefined
  readonly y: number | undefined
  /** CSS pixels a cell. */
  readonly scale: number | undefined
}

/** @param search of a URL, e.g. `?board=lobby&x=10&y=-3&scale=8` */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search)
  return {
    board: query.get('board') || DEFAULT_BOARD,
    x: wholeNumber(query.get('x')),
    y: wholeNumber(query.get('y')),
    scale: positiveNumber(query.get('scale')),
  }
}

export function searchOf(board: string, view: View): string {
  const query = new URLSearchParams({
    board,
    x: String(Math.floor(view.x)),
    y: String(Math.floor(view.y)),
    scale: String(Number(view.scale.toPrecision(4))),
  })
  return `?${query}`
}

/** The view that a place asks for; what it leaves open is as in `fallback`. */
export function viewOf(place: Place, fallback: View): View {
  return {
    x: place.x === undefined ? fallback.x : place.x + 0.5,
    y: place.y === undefined ? fallback.y : place.y + 0.5,
    scale: place.scale ?? fallback.scale,
  }
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined
}

function positiveNumber(text: string | null): number | undefined {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) && value > 0 ? value : undefined
}
