import type { Cell } from './chunk.ts'
import type { Area } from './geometry.ts'
import type { Lock, Rules } from './rules.ts'

/** The record types of a canvas stream. The numbers are stored: never reuse one. */
export const RecordType = {
  created: 1,
  placed: 2,
  painted: 3,
  banned: 4,
  unbanned: 5,
  restored: 6,
  resized: 7,
  repainted: 8,
  ruled: 9,
  locked: 10,
  unlocked: 11,
} as const

export type RecordType = (typeof RecordType)[keyof typeof RecordType]

export interface Created {
  readonly id: string
  readonly extent: Area
  /** 0xRRGGBB. */
  readonly palette: readonly number[]
  /** The colour of a cell that nobody painted. */
  readonly background: number
  readonly rules: Rules
}

/** Intents of players, in columns; coordinates wrapped. */
export interface Placed {
  readonly count: number
  readonly player: Uint32Array
  readonly x: Uint16Array
  readonly y: Uint16Array
  readonly color: Uint8Array
}

/** Cells that were judged elsewhere, each with its own author and time. */
export interface Painted extends Placed {
  readonly timeMs: Float64Array
}

export interface Banned {
  readonly player: number
  /** null: until unbanned. */
  readonly untilMs: number | null
  /** The player goes on seeing their own edits; nobody else does. */
  readonly shadow: boolean
  readonly reason: string
}

export interface Unbanned {
  readonly player: number
}

export type RestoreKind = 'rollback' | 'reinstate' | 'undo'

/** Puts cells back, each only if it still holds what is expected of it. */
export interface Restored {
  readonly kind: RestoreKind
  /** `rollback` and `reinstate`: the player it is about, 0 for none. `undo`: who takes back. */
  readonly player: number
  readonly reason: string
  readonly cells: readonly RestoredCell[]
}

export interface RestoredCell {
  readonly x: number
  readonly y: number
  readonly expected: Cell
  readonly becomes: Cell
}

export interface Repainted {
  readonly palette: readonly number[]
}

export type CanvasRecord =
  | { readonly type: typeof RecordType.created; readonly body: Created }
  | { readonly type: typeof RecordType.placed; readonly body: Placed }
  | { readonly type: typeof RecordType.painted; readonly body: Painted }
  | { readonly type: typeof RecordType.banned; readonly body: Banned }
  | { readonly type: typeof RecordType.unbanned; readonly body: Unbanned }
  | { readonly type: typeof RecordType.restored; readonly body: Restored }
  | { readonly type: typeof RecordType.resized; readonly body: { readonly extent: Area } }
  | { readonly type: typeof RecordType.repainted; readonly body: Repainted }
  | { readonly type: typeof RecordType.ruled; readonly body: { readonly rules: Rules } }
  | { readonly type: typeof RecordType.locked; readonly body: { readonly lock: Lock } }
  | { readonly type: typeof RecordType.unlocked; readonly body: { readonly id: string } }
