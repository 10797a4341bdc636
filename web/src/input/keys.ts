import type { Motion } from '../view/motion.ts'

/** What a key press means to the page. */
export type Command =
  | { readonly type: 'move'; readonly dx: number; readonly dy: number }
  | { readonly type: 'hold'; readonly motion: Motion }
  | { readonly type: 'pick'; readonly index: number }
  | { readonly type: SimpleCommand }

export type SimpleCommand =
  | 'place'
  | 'undo'
  | 'grid'
  | 'copy'
  | 'inspect'
  | 'dropper'
  | 'next-color'
  | 'previous-color'
  | 'fit'
  | 'help'
  | 'escape'

/** What this needs of a KeyboardEvent. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/** Cells that an arrow key moves with Shift. */
const STRIDE = 10

const ARROWS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['ArrowLeft', [-1, 0]],
  ['ArrowRight', [1, 0]],
  ['ArrowUp', [0, -1]],
  ['ArrowDown', [0, 1]],
])

/** By the key's place on the keyboard, whatever letter the layout puts there. */
const MOTIONS: ReadonlyMap<string, Motion> = new Map([
  ['KeyW', 'up'],
  ['KeyA', 'left'],
  ['KeyS', 'down'],
  ['KeyD', 'right'],
  ['KeyQ', 'out'],
  ['KeyE', 'in'],
])

/** By what the key writes. */
const SIGNS: ReadonlyMap<string, Motion> = new Map([
  ['+', 'in'],
  ['=', 'in'],
  ['-', 'out'],
])

const COMMANDS: ReadonlyMap<string, SimpleCommand> = new Map([
  ['g', 'grid'],
  ['r', 'copy'],
  ['i', 'inspect'],
  ['c', 'dropper'],
  ['f', 'fit'],
  ['?', 'help'],
  ['h', 'help'],
  ['.', 'next-color'],
  [',', 'previous-color'],
  ['enter', 'place'],
  [' ', 'place'],
  ['escape', 'escape'],
])

/** Undefined for a key that is not ours: the browser keeps it. */
export function commandOf(press: KeyPress): Command | undefined {
  const { key, code, ctrlKey, metaKey, altKey, shiftKey } = press
  if (ctrlKey || metaKey) {
    return key.toLowerCase() === 'z' && !shiftKey && !altKey ? { type: 'undo' } : undefined
  }
  if (altKey) return undefined
  const arrow = ARROWS.get(key)
  if (arrow !== undefined) {
    const stride = shiftKey ? STRIDE : 1
    return { type: 'move', dx: arrow[0] * stride, dy: arrow[1] * stride }
  }
  const motion = motionOf(press)
  if (motion !== undefined) return { type: 'hold', motion }
  const digit = /^Digit(\d)$/.exec(code)?.[1]
  if (digit !== undefined) return { type: 'pick', index: ((Number(digit) + 9) % 10) + (shiftKey ? 10 : 0) }
  const type = COMMANDS.get(key.toLowerCase())
  return type === undefined ? undefined : { type }
}

/** What a key does to the view for as long as it is held. */
export function motionOf({ key, code }: Pick<KeyPress, 'key' | 'code'>): Motion | undefined {
  return SIGNS.get(key) ?? MOTIONS.get(code)
}
