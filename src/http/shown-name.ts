import type { Player } from '../players/directory.ts'

/** What a player is called before others: an author from elsewhere by the name it had there. */
export function shownName(player: Player | undefined): string | null {
  const foreign = player?.key.startsWith('s:') ? player.key.slice(2) : null
  return player?.name ?? foreign
}
