/** Another Spate, and how patient to be with it. */
export interface SpateSettings {
  /** Of the server, e.g. `https://canvas.example`. */
  readonly url: string
  readonly board: string
  readonly headers: Readonly<Record<string, string>>
  /** What its authors' ids are unique in: 1 to 32 of a–z, 0–9, dot, underscore and hyphen. */
  readonly source: string
  readonly connectMs: number
  /** It speaks at least every 15 s. */
  readonly silenceMs: number
  readonly retryFirstMs: number
  readonly retryMostMs: number
  readonly stableMs: number
}

export const SPATE_SETTINGS: Omit<SpateSettings, 'url' | 'board' | 'source'> = {
  headers: {},
  connectMs: 10_000,
  silenceMs: 40_000,
  retryFirstMs: 500,
  retryMostMs: 15_000,
  stableMs: 10_000,
}

/** Where the placements of its board are. @param after the position to go on after */
export function placementsUrl({ url, board }: Pick<SpateSettings, 'url' | 'board'>, after = '0'): string {
  return `${url.replace(/\/+$/, '')}/api/boards/${encodeURIComponent(board)}/placements?v=${after}`
}
