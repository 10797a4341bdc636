/** The question who changed cells last, as an r/place takes it: up to 24 in one mutation. */
import type { Operation } from './dialect.ts'
import { jsonOf, MAX_TIME_MS, numberIn, textIn } from './messages.ts'

export const CELLS_A_REQUEST = 24
/** Of an author's id and name; what is longer is cut off. */
const MAX_NAME = 256

/** In the coordinates of a canvas. */
export interface AskedCell {
  readonly canvas: number
  readonly x: number
  readonly y: number
}

export interface CellHistory {
  /** 0: the cell was never touched. */
  readonly modifiedMs: number
  readonly user: { readonly id: string; readonly name: string } | null
}

export function historyOf(cells: readonly AskedCell[]): Operation {
  const names = cells.map((_, i) => `input${i}`)
  const query = `mutation history(${names.map((name) => `$${name}: ActInput!`).join(', ')}) {
${names.map((name) => `  ${name}: act(input: $${name}) { ...cell }`).join('\n')}
}
fragment cell on ActResponse {
  data {
    ... on BasicMessage {
      id
      data {
        ... on GetTileHistoryResponseMessageData { lastModifiedTimestamp userInfo { userID username } }
      }
    }
  }
}`
  const variables = Object.fromEntries(
    cells.map(({ canvas, x, y }, i) => [
      `input${i}`,
      {
        actionName: 'r/replace:get_tile_history',
        PixelMessageData: { canvasIndex: canvas, colorIndex: 0, coordinate: { x, y } },
      },
    ]),
  )
  return { operationName: 'history', query, variables }
}

type Json = Readonly<Record<string, unknown>>

function field(value: unknown, name: string | number): unknown {
  // Looked into as JSON allows, whatever it is.
  return typeof value === 'object' && value !== null ? (value as Json)[name] : undefined
}

/** For each cell that was asked for what the source says; undefined where it says nothing. Never throws. */
export function historiesIn(text: string, count: number): (CellHistory | undefined)[] {
  const data = field(field(jsonOf(text), 'payload'), 'data')
  return Array.from({ length: count }, (_, i) => {
    const told = field(field(field(field(data, `input${i}`), 'data'), 0), 'data')
    if (typeof told !== 'object' || told === null) return undefined
    const modifiedMs = Math.round(numberIn(field(told, 'lastModifiedTimestamp')))
    if (!(modifiedMs < MAX_TIME_MS)) return undefined
    const userInfo = field(told, 'userInfo')
    const id = textIn(field(userInfo, 'userID')).slice(0, MAX_NAME)
    const name = textIn(field(userInfo, 'username')).slice(0, MAX_NAME)
    const user = id === '' && name === '' ? null : { id, name }
    return { modifiedMs: Math.max(0, modifiedMs), user }
  })
}
