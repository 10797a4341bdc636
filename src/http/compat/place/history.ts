import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { contains, wrap } from '../../../boards/canvas/geometry.ts'
import type { PlayerDirectory } from '../../../players/directory.ts'
import type { PlaceBoard } from './board.ts'

const TILE_HISTORY = 'r/replace:get_tile_history'

export interface ActArguments {
  readonly input: {
    readonly actionName: string
    readonly PixelMessageData?: {
      readonly canvasIndex?: number | null
      readonly coordinate: { readonly x: number; readonly y: number }
    } | null
  }
}

/** Who painted a cell, and when. Errors: `GraphQLError`, which the answer holds beside the others. */
export function act(board: PlaceBoard, players: PlayerDirectory, { input }: ActArguments): object {
  if (input.actionName !== TILE_HISTORY)
    throw new GraphQLError(`only ${TILE_HISTORY} is served: Spate has its own ways to place`)
  const pixel = input.PixelMessageData
  if (pixel === undefined || pixel === null) throw new GraphQLError('expected PixelMessageData')
  const { x, y } = pixel.coordinate
  const area = board.areaOf(pixel.canvasIndex ?? 0)
  const cell = { x: (area?.left ?? 0) + x, y: (area?.top ?? 0) + y }
  if (area === undefined || !contains(area, cell.x, cell.y) || !board.host.canvas.has(cell.x, cell.y))
    throw new GraphQLError('the board has no such cell')
  const { player, timeMs } = board.host.canvas.cellAt(wrap(cell.x), wrap(cell.y))
  const data = {
    __typename: 'GetTileHistoryResponseMessageData',
    lastModifiedTimestamp: timeMs,
    userInfo: player === 0 ? null : { userID: String(player), username: nameOf(players, player) },
  }
  return { data: [{ __typename: 'BasicMessage', id: randomUUID(), data }] }
}

/** A source's author shows under the name it had there; who has no name, as on the page. */
function nameOf(players: PlayerDirectory, number: number): string {
  const player = players.player(number)
  const foreign = player?.key.startsWith('s:') ? player.key.slice(2) : undefined
  return player?.name ?? foreign ?? `player ${number}`
}
