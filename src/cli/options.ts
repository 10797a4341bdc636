import { InvalidArgumentError } from 'commander'
import type { Area } from '../boards/canvas/geometry.ts'
import { CLASSIC_PALETTE } from '../boards/canvas/palettes.ts'
import { PALETTE_2017, PALETTE_2022 } from '../capture/datasets/palettes.ts'

/** What the arguments of options mean. Each throws what commander shows beside the option's name. */

export function wholeNumber(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

/** Of seconds, or of what a budget counts. */
export function amount(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('Expected a number that is not negative.')
  }
  return value
}

export function area(text: string): Area {
  const parts = text.split(',')
  if (parts.length !== 4) throw new InvalidArgumentError('Expected left,top,width,height.')
  const [left = 0, top = 0, width = 0, height = 0] = parts.map(wholeNumber)
  return { left, top, width, height }
}

/** 0xRRGGBB. */
export function color(text: string): number {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw new InvalidArgumentError('Expected a colour as #RRGGBB.')
  return Number.parseInt(text.slice(1), 16)
}

const PALETTES: ReadonlyMap<string, readonly number[]> = new Map([
  ['place2017', PALETTE_2017],
  ['place2022', PALETTE_2022],
  ['sephsplace', CLASSIC_PALETTE],
])
export const PALETTE_HELP = `${[...PALETTES.keys()].join(', ')}, or colours as #RRGGBB,#RRGGBB,…`

export function palette(text: string): readonly number[] {
  return PALETTES.get(text) ?? text.split(',').map((part) => color(part.trim()))
}

export function hex(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`
}

/** @param protocol the secure one with an s is meant, too */
export function url(protocol: 'http' | 'ws'): (text: string) => string {
  return (text) => {
    const isOne = URL.canParse(text) && [`${protocol}:`, `${protocol}s:`].includes(new URL(text).protocol)
    if (!isOne) throw new InvalidArgumentError(`Expected ${protocol}://… or ${protocol}s://…`)
    return text
  }
}
