import { assert } from '../../base/assert.ts'
import { SpateError } from '../../base/errors.ts'
import { type LogRecord, type Position, START } from '../../log/port.ts'
import type { Changes } from './changes.ts'
import { type Cell, Chunk, equalCells } from './chunk.ts'
import { decodeBody } from './codec.ts'
import { activityOf, Charges, REFUSED } from './cooldown.ts'
import type { Area } from './geometry.ts'
import {
  CHUNKS_A_SIDE,
  cellInChunk,
  chunkIndex,
  contains,
  containsWrapped,
  hullOf,
  MAX_SIDE,
  unwrap,
} from './geometry.ts'
import { PlacedColumns } from './placed-columns.ts'
import { type PlayerPage, PlayerTable, slotOf } from './players.ts'
import type { Banned, CanvasRecord, Created, Painted, Placed, Restored, RestoredCell } from './records.ts'
import { RecordType } from './records.ts'
import { FREE_RULES, type Lock, MAX_COLORS, MAX_LOCKS, type Rules, withLock, withoutLock } from './rules.ts'
import { ShadowOverlays } from './shadow.ts'
import { IS_PAINTED, StrokeKind, type Strokes, secondOf, WAS_PAINTED } from './strokes.ts'
import { Touched } from './touched.ts'
import { UndoSlots } from './undo.ts'
import { Verdict } from './verdict.ts'

const PLACED = StrokeKind.placed | IS_PAINTED

/** What everybody may know of a board; replaced as a whole when a record changes it. */
export interface BoardInfo {
  readonly id: string
  readonly extent: Area
  readonly palette: readonly number[]
  readonly background: number
  readonly rules: Rules
  readonly locks: readonly Lock[]
}

export interface ActivityCount {
  window: number
  /** Players seen in `window` so far. */
  current: number
  /** Players seen in the window before it. */
  previous: number
}

/**
 * The fold of a canvas stream: judges every intent, in log order, from the stream alone (rules C1 to C43 of
 * SPEC.md). No clock, no randomness, no I/O: any two folds of the same records are equal in every byte.
 *
 * `apply` is the only way to change it.
 */
export class Canvas {
  position: Position = START
  /** The latest time that a record carried. */
  timeMs = 0
  info: BoardInfo = {
    id: '',
    extent: { left: 0, top: 0, width: 0, height: 0 },
    palette: [],
    background: 0,
    rules: FREE_RULES,
    locks: [],
  }
  /** Position of the last record that changed `info`. */
  infoAt: Position = START
  /** All that ever belonged to the board: what lies in it outside the extent is kept, unseen. */
  hull: Area = this.info.extent
  readonly chunks: (Chunk | undefined)[] = new Array<Chunk | undefined>(CHUNKS_A_SIDE * CHUNKS_A_SIDE)
  readonly players = new PlayerTable()
  readonly bans = new Map<number, Banned>()
  readonly shadows = new ShadowOverlays()
  readonly undo = new UndoSlots()
  /** What a snapshot has to write. */
  readonly touched = new Touched()
  readonly activity: ActivityCount = { window: 0, current: 0, previous: 0 }
  #charges = new Charges(FREE_RULES.cooldown, 0)
  #verdicts = new Uint8Array(1024)
  readonly #columns = new PlacedColumns()
  /** From this time on a shadow ban may have run out. */
  #shadowsEndMs = 0
  #strokes: Strokes | undefined

  /**
   * Folds one record in and adds to `changes` what everybody sees change, and to `strokes` what happened to
   * which cells.
   *
   * @returns a verdict for each intent or cell of the record (one for a record without), valid until the
   *   next call. Errors: `newer-version` or `corrupt`, with nothing changed.
   */
  apply(record: LogRecord, changes: Changes, strokes?: Strokes): Uint8Array {
    assert(record.position > this.position, `record ${record.position} comes after ${this.position}`)
    const decoded = decodeBody(record.type, record.body, this.#columns)
    if (this.position === START && decoded.type !== RecordType.created) {
      throw new SpateError('corrupt', 'a canvas stream begins with its creation')
    }
    this.position = record.position
    this.timeMs = Math.max(this.timeMs, record.timeMs)
    if (this.timeMs >= this.#shadowsEndMs) this.#endShadows(changes)
    this.#strokes = strokes
    const verdicts = this.#fold(decoded, changes)
    strokes?.close(record.position, this.timeMs)
    return verdicts
  }

  #fold(decoded: CanvasRecord, changes: Changes): Uint8Array {
    switch (decoded.type) {
      case RecordType.placed:
        return this.#place(decoded.body, changes)
      case RecordType.painted:
        return this.#paint(decoded.body, changes)
      case RecordType.restored:
        return this.#restore(decoded.body, changes)
      case RecordType.created:
        return this.#one(this.#create(decoded.body))
      case RecordType.banned:
        return this.#one(this.#ban(decoded.body, changes))
      case RecordType.unbanned:
        return this.#one(this.#unban(decoded.body.player, changes))
      case RecordType.resized:
        return this.#one(this.#resize(decoded.body.extent))
      case RecordType.repainted:
        return this.#one(this.#repaint(decoded.body.palette))
      case RecordType.ruled:
        return this.#one(this.#rule(decoded.body.rules))
      case RecordType.locked:
        return this.#one(this.#lock(decoded.body.lock))
      case RecordType.unlocked:
        return this.#one(this.#unlock(decoded.body.id))
    }
  }

  /** Wrapped coordinates. */
  cellAt(x: number, y: number): Cell {
    const chunk = this.chunks[chunkIndex(x, y)]
    return chunk?.cell(cellInChunk(x, y)) ?? { color: this.info.background, player: 0, timeMs: 0 }
  }

  /** The colour everybody sees. Wrapped coordinates. */
  colorAt(x: number, y: number): number {
    return this.chunks[chunkIndex(x, y)]?.colors[cellInChunk(x, y)] ?? this.info.background
  }

  /** What the fold would say of this intent at `nowMs`, were it the next record. Changes nothing. */
  judge(player: number, x: number, y: number, color: number, nowMs: number): Verdict {
    const timeMs = Math.max(nowMs, this.timeMs)
    const ban = this.#banAt(player, timeMs)
    if (ban?.shadow === false) return Verdict.banned
    const { extent, palette, background } = this.info
    if (!containsWrapped(extent, x, y)) return Verdict.outOfRange
    if (color >= palette.length) return Verdict.wrongColor
    const closed = this.#closed(x, y)
    if (closed !== undefined) return closed
    const shown = (ban !== undefined ? this.shadows.colorAt(player, x, y) : undefined) ?? this.colorAt(x, y)
    if (shown === color) return Verdict.unchanged
    if (this.nextMs(player, timeMs, shown === background) > timeMs) return Verdict.coolingDown
    return ban !== undefined ? Verdict.shadowed : Verdict.accepted
  }

  /** When `player` may next paint over a painted (or, with `blank`, a background) cell. Not before `nowMs`. */
  nextMs(player: number, nowMs: number, blank = false): number {
    const page = this.players.find(player)
    if (page === undefined) return nowMs
    return this.#charges.nextMs(page, slotOf(player), blank, nowMs)
  }

  /** Must be called once after the state was filled from a snapshot. */
  resume(): void {
    this.#charges = new Charges(this.info.rules.cooldown, this.activity.previous)
  }

  #one(verdict: Verdict): Uint8Array {
    this.#verdicts[0] = verdict
    return this.#verdicts.subarray(0, 1)
  }

  #verdictsFor(count: number): Uint8Array {
    if (count > this.#verdicts.length) this.#verdicts = new Uint8Array(count * 2)
    return this.#verdicts
  }

  #chunk(index: number): Chunk {
    let chunk = this.chunks[index]
    if (chunk === undefined) {
      chunk = new Chunk(this.info.background)
      this.chunks[index] = chunk
    }
    return chunk
  }

  /** The reason why nobody may place here, if there is one. */
  #closed(x: number, y: number): Verdict | undefined {
    const { rules, locks } = this.info
    // Zone and locks may lie outside the board, where wrapped coordinates mean other cells.
    const cell = this.signed(x, y)
    if (rules.activeZone !== null && !contains(rules.activeZone, cell.x, cell.y)) return Verdict.inactive
    for (const lock of locks) if (contains(lock, cell.x, cell.y)) return Verdict.locked
    return undefined
  }

  #banAt(player: number, timeMs: number): Banned | undefined {
    const ban = this.bans.get(player)
    return ban !== undefined && (ban.untilMs === null || timeMs < ban.untilMs) ? ban : undefined
  }

  #place(body: Placed, changes: Changes): Uint8Array {
    const { count, player: players, x: xs, y: ys, color: colors } = body
    const verdicts = this.#verdictsFor(count)
    const { extent, palette, background, rules, locks } = this.info
    const { left, top, width, height } = extent
    const colorCount = palette.length
    const open = rules.activeZone === null && locks.length === 0
    const activity = activityOf(rules.cooldown)
    const undoMs = rules.undoSeconds * 1000
    const { timeMs, position } = this
    if (activity !== null) this.#turnActivity(Math.floor(timeMs / (activity.windowSeconds * 1000)))
    const charges = this.#charges
    const charged = !charges.isFree
    const window = charges.windowOf(timeMs)
    const { chunks, touched } = this
    const anyBan = this.bans.size > 0
    const strokes = this.#strokes
    const second = secondOf(timeMs)
    strokes?.reserve(count)
    changes.reserve(count)
    for (let i = 0; i < count; i++) {
      const player = players[i] ?? 0
      const x = xs[i] ?? 0
      const y = ys[i] ?? 0
      const color = colors[i] ?? 0
      let shadow = false
      if (anyBan && this.players.find(player)?.banned[slotOf(player)] === 1) {
        const ban = this.bans.get(player)
        const banned = ban !== undefined && (ban.untilMs === null || timeMs < ban.untilMs)
        if (banned && !ban.shadow) {
          verdicts[i] = Verdict.banned
          continue
        }
        shadow = banned
      }
      if (((x - left) & 0xffff) >= width || ((y - top) & 0xffff) >= height) {
        verdicts[i] = Verdict.outOfRange
        continue
      }
      if (color >= colorCount) {
        verdicts[i] = Verdict.wrongColor
        continue
      }
      if (!open) {
        const closed = this.#closed(x, y)
        if (closed !== undefined) {
          verdicts[i] = closed
          continue
        }
      }
      const cell = cellInChunk(x, y)
      let chunk = chunks[chunkIndex(x, y)]
      const real = chunk === undefined ? background : (chunk.colors[cell] ?? 0)
      const shown = shadow ? (this.shadows.colorAt(player, x, y) ?? real) : real
      if (shown === color) {
        verdicts[i] = Verdict.unchanged
        continue
      }
      let cost = 0
      if (charged) {
        const page = this.players.page(player)
        const slot = slotOf(player)
        cost = charges.take(page, slot, shown === background, timeMs, window)
        if (cost === REFUSED) {
          verdicts[i] = Verdict.coolingDown
          continue
        }
        page.dirty = true
        touched.player(player)
        if (activity !== null) this.#countActive(page, slot)
      }
      if (undoMs > 0) {
        const before = shadow ? { color: shown, player, timeMs } : this.cellAt(x, y)
        this.undo.remember(player, { x, y, color, timeMs, cost, before })
      }
      if (shadow) {
        this.shadows.set(player, x, y, color)
        changes.hidden.push({ player, x, y, color })
        verdicts[i] = Verdict.shadowed
        continue
      }
      if (chunk === undefined) chunk = this.#chunk(chunkIndex(x, y))
      if (strokes !== undefined) {
        const owner = chunk.players[cell] ?? 0
        const mark = PLACED | wasPainted(owner, chunk.timesMs, cell)
        strokes.add(x, y, player, color, owner, real, mark, second)
      }
      chunk.set(cell, color, player, timeMs, position)
      touched.cell(x, y)
      if (anyBan && this.shadows.size > 0) this.shadows.reveal(x, y)
      changes.add(x, y, color)
      verdicts[i] = Verdict.accepted
    }
    if (undoMs > 0) this.undo.forget(timeMs - undoMs)
    return verdicts.subarray(0, count)
  }

  #turnActivity(window: number): void {
    const { activity } = this
    if (window === activity.window) return
    activity.previous = window === activity.window + 1 ? activity.current : 0
    activity.current = 0
    activity.window = window
    this.#charges = new Charges(this.info.rules.cooldown, activity.previous)
  }

  #countActive(page: PlayerPage, slot: number): void {
    if (page.activeIn[slot] === this.activity.window) return
    page.activeIn[slot] = this.activity.window
    this.activity.current += 1
  }

  #paint(body: Painted, changes: Changes): Uint8Array {
    const { count } = body
    const verdicts = this.#verdictsFor(count)
    const { extent, palette } = this.info
    const strokes = this.#strokes
    strokes?.reserve(count)
    changes.reserve(count)
    for (let i = 0; i < count; i++) {
      const x = body.x[i] ?? 0
      const y = body.y[i] ?? 0
      const color = body.color[i] ?? 0
      const timeMs = body.timeMs[i] ?? 0
      if (!containsWrapped(extent, x, y)) {
        verdicts[i] = Verdict.outOfRange
        continue
      }
      if (color >= palette.length) {
        verdicts[i] = Verdict.wrongColor
        continue
      }
      const cell = cellInChunk(x, y)
      const chunk = this.#chunk(chunkIndex(x, y))
      if (timeMs < (chunk.timesMs[cell] ?? 0)) {
        verdicts[i] = Verdict.superseded
        continue
      }
      const before = chunk.colors[cell] ?? 0
      const player = body.player[i] ?? 0
      if (strokes !== undefined) {
        const owner = chunk.players[cell] ?? 0
        // A source that is read again tells nothing new.
        const isKnown = before === color && owner === player && chunk.timesMs[cell] === timeMs
        const mark = StrokeKind.placed | wasPainted(owner, chunk.timesMs, cell) | isPainted(player, timeMs)
        if (!isKnown) strokes.add(x, y, player, color, owner, before, mark, secondOf(timeMs))
      }
      chunk.set(cell, color, player, timeMs, this.position)
      this.touched.cell(x, y)
      if (before !== color) {
        if (this.shadows.size > 0) this.shadows.reveal(x, y)
        changes.add(x, y, color)
      }
      verdicts[i] = Verdict.accepted
    }
    return verdicts.subarray(0, count)
  }

  #restore(body: Restored, changes: Changes): Uint8Array {
    const count = body.cells.length
    const verdicts = this.#verdictsFor(count)
    this.#strokes?.reserve(count)
    changes.reserve(count)
    for (const [i, cell] of body.cells.entries()) {
      verdicts[i] =
        body.kind === 'undo'
          ? this.#undoCell(body.player, cell, changes)
          : this.#restoreCell(cell, StrokeKind.restored, changes)
    }
    return verdicts.subarray(0, count)
  }

  #restoreCell({ x, y, expected, becomes }: RestoredCell, kind: StrokeKind, changes: Changes): Verdict {
    if (!containsWrapped(this.hull, x, y)) return Verdict.outOfRange
    const now = this.cellAt(x, y)
    if (!equalCells(now, expected)) return Verdict.superseded
    if (becomes.color >= this.info.palette.length) return Verdict.wrongColor
    const chunk = this.#chunk(chunkIndex(x, y))
    if (this.#strokes !== undefined) {
      const was = now.player === 0 && now.timeMs === 0 ? 0 : WAS_PAINTED
      const mark = kind | was | isPainted(becomes.player, becomes.timeMs)
      const second = secondOf(this.timeMs)
      this.#strokes.add(x, y, becomes.player, becomes.color, now.player, now.color, mark, second)
    }
    chunk.set(cellInChunk(x, y), becomes.color, becomes.player, becomes.timeMs, this.position)
    this.touched.cell(x, y)
    if (becomes.color !== now.color) {
      if (this.shadows.size > 0) this.shadows.reveal(x, y)
      changes.add(x, y, becomes.color)
    }
    return Verdict.accepted
  }

  /** An undo is judged like a placement, but for the cooldown; it must spell out what the fold knows. */
  #undoCell(player: number, cell: RestoredCell, changes: Changes): Verdict {
    const slot = this.undo.get(player)
    if (
      slot === undefined ||
      slot.x !== cell.x ||
      slot.y !== cell.y ||
      !equalCells({ color: slot.color, player, timeMs: slot.timeMs }, cell.expected) ||
      !equalCells(slot.before, cell.becomes) ||
      this.timeMs > slot.timeMs + this.info.rules.undoSeconds * 1000
    ) {
      return Verdict.nothingToUndo
    }
    const { x, y, before } = slot
    const ban = this.#banAt(player, this.timeMs)
    if (ban?.shadow === false) return Verdict.banned
    if (!containsWrapped(this.info.extent, x, y)) return Verdict.outOfRange
    const closed = this.#closed(x, y)
    if (closed !== undefined) return closed
    const verdict =
      ban === undefined
        ? this.#restoreCell(cell, StrokeKind.undone, changes)
        : this.#restoreHidden(player, x, y, cell.expected, before.color, changes)
    if (verdict === Verdict.superseded) return verdict
    this.undo.drop(player)
    const page = this.players.page(player)
    this.#charges.refund(page, slotOf(player), slot.cost, this.timeMs)
    page.dirty = true
    this.touched.player(player)
    return verdict
  }

  /** For a shadow-banned player's eyes only. */
  #restoreHidden(
    player: number,
    x: number,
    y: number,
    expected: Cell,
    color: number,
    changes: Changes,
  ): Verdict {
    const isHidden = this.shadows.colorAt(player, x, y) !== undefined
    if (!isHidden && !equalCells(this.cellAt(x, y), expected)) return Verdict.superseded
    this.shadows.set(player, x, y, color)
    changes.hidden.push({ player, x, y, color })
    return Verdict.shadowed
  }

  #create(body: Created): Verdict {
    if (this.info.id !== '') return Verdict.impossible
    const { id, extent, palette, background, rules } = body
    this.hull = extent
    this.#change({ id, extent, palette, background, rules, locks: [] })
    return Verdict.accepted
  }

  #change(part: Partial<BoardInfo>): void {
    this.info = { ...this.info, ...part }
    this.infoAt = this.position
    this.#charges = new Charges(this.info.rules.cooldown, this.activity.previous)
  }

  #ban(body: Banned, changes: Changes): Verdict {
    if (body.player === 0) return Verdict.impossible
    if (!body.shadow) this.#endShadow(body.player, changes)
    this.bans.set(body.player, body)
    this.#shadowsEndMs = 0
    this.#markBanned(body.player, 1)
    return Verdict.accepted
  }

  #unban(player: number, changes: Changes): Verdict {
    if (!this.bans.delete(player)) return Verdict.impossible
    this.#endShadow(player, changes)
    this.#markBanned(player, 0)
    return Verdict.accepted
  }

  /** Of all whose shadow ban has run out. */
  #endShadows(changes: Changes): void {
    this.#shadowsEndMs = Number.POSITIVE_INFINITY
    for (const { player, shadow, untilMs } of this.bans.values()) {
      if (!shadow || untilMs === null) continue
      if (this.timeMs >= untilMs) this.#endShadow(player, changes)
      else this.#shadowsEndMs = Math.min(this.#shadowsEndMs, untilMs)
    }
  }

  /** From now on the player sees what everybody sees. */
  #endShadow(player: number, changes: Changes): void {
    for (const { x, y } of this.shadows.cellsOf(player)) {
      changes.hidden.push({ player, x, y, color: this.colorAt(x, y) })
    }
    this.shadows.drop(player)
  }

  #markBanned(player: number, mark: 0 | 1): void {
    const page = this.players.page(player)
    page.banned[slotOf(player)] = mark
    page.dirty = true
    this.touched.player(player)
  }

  #resize(extent: Area): Verdict {
    const hull = hullOf(this.hull, extent)
    if (hull.width > MAX_SIDE || hull.height > MAX_SIDE) return Verdict.impossible
    this.hull = hull
    this.#change({ extent })
    return Verdict.accepted
  }

  #repaint(palette: readonly number[]): Verdict {
    if (palette.length < this.info.palette.length || palette.length > MAX_COLORS) return Verdict.impossible
    this.#change({ palette })
    return Verdict.accepted
  }

  #rule(rules: Rules): Verdict {
    // Debts of one kind mean nothing to another.
    if (rules.cooldown.kind !== this.info.rules.cooldown.kind) {
      for (const [, page] of this.players.entries()) {
        page.debt.fill(0)
        page.spent.fill(0)
        page.dirty = true
      }
      this.touched.everything()
    }
    if (rules.undoSeconds === 0) this.undo.clear()
    this.#change({ rules })
    return Verdict.accepted
  }

  #lock(lock: Lock): Verdict {
    const locks = withLock(this.info.locks, lock)
    if (locks.length > MAX_LOCKS) return Verdict.impossible
    this.#change({ locks })
    return Verdict.accepted
  }

  #unlock(id: string): Verdict {
    const locks = withoutLock(this.info.locks, id)
    if (locks.length === this.info.locks.length) return Verdict.impossible
    this.#change({ locks })
    return Verdict.accepted
  }

  /** The signed name of a cell in this board. */
  signed(x: number, y: number): { x: number; y: number } {
    return { x: unwrap(x, this.hull.left), y: unwrap(y, this.hull.top) }
  }

  /** Whether a signed cell belongs to the board now. */
  has(x: number, y: number): boolean {
    return contains(this.info.extent, x, y)
  }
}

/** The time is looked up for nobody's cells alone: it is far from the rest in memory. */
function wasPainted(owner: number, timesMs: Float64Array, cell: number): number {
  return owner !== 0 || timesMs[cell] !== 0 ? WAS_PAINTED : 0
}

function isPainted(player: number, timeMs: number): number {
  return player !== 0 || timeMs !== 0 ? IS_PAINTED : 0
}
