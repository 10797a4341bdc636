export interface HiddenChange {
  readonly player: number
  /** Wrapped. */
  readonly x: number
  readonly y: number
  readonly color: number
}

/**
 * The cells that a run of records changed for everybody, in order, as columns of wrapped coordinates. It
 * is what a fold hands to those who show it. Reused: `clear` keeps the memory.
 */
export class Changes {
  count = 0
  /** What only one player is shown. */
  hidden: HiddenChange[] = []
  x = new Uint16Array(1024)
  y = new Uint16Array(1024)
  color = new Uint8Array(1024)

  clear(): void {
    this.count = 0
    if (this.hidden.length > 0) this.hidden = []
  }

  reserve(more: number): void {
    const need = this.count + more
    if (need <= this.x.length) return
    const size = Math.max(need, this.x.length * 2)
    const { x, y, color, count } = this
    this.x = new Uint16Array(size)
    this.y = new Uint16Array(size)
    this.color = new Uint8Array(size)
    this.x.set(x.subarray(0, count))
    this.y.set(y.subarray(0, count))
    this.color.set(color.subarray(0, count))
  }

  /** After `reserve`. */
  add(x: number, y: number, color: number): void {
    const at = this.count
    this.x[at] = x
    this.y[at] = y
    this.color[at] = color
    this.count = at + 1
  }
}
