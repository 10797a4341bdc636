import type { CellBatch } from '../../capture/datasets/rows.ts'

/** Why a cell was not sent to the board. */
export type Omission = 'outOfRange' | 'noSuchColor' | 'notInPast'

export interface LinePlace {
  /** Index into the files. */
  readonly file: number
  readonly line: number
}

/** Colours told apart in the account. */
const MAX_COLORS = 64

/** What became of the cells that rows stand for: `cells` is the sum of all verdicts and omissions. */
export class CellAccount {
  cells = 0
  /** By the server's name of the verdict. */
  readonly verdicts = new Map<string, number>()
  readonly omitted: Record<Omission, number> = { outOfRange: 0, noSuchColor: 0, notInPast: 0 }
  readonly firstOmitted: Partial<Record<Omission, LinePlace>> = {}
  /** Cells by colours that the board does not have, 0xRRGGBB; the first of them. */
  readonly unknownColors = new Map<number, number>()

  omit(why: Omission, cells: CellBatch, i: number): void {
    this.omitted[why] += 1
    this.firstOmitted[why] ??= { file: cells.file[i]!, line: cells.line[i]! }
    if (why !== 'noSuchColor') return
    const rgb = cells.rgb[i]!
    const before = this.unknownColors.get(rgb) ?? 0
    if (before > 0 || this.unknownColors.size < MAX_COLORS) this.unknownColors.set(rgb, before + 1)
  }

  judged(verdicts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(verdicts)) {
      this.verdicts.set(name, (this.verdicts.get(name) ?? 0) + count)
    }
  }

  verdict(name: string): number {
    return this.verdicts.get(name) ?? 0
  }
}
