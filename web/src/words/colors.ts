/** Colours are 0xRRGGBB, as boards have them. */

export function hexOf(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`
}

/** Hue in degrees, saturation and lightness from 0 to 1. */
export function hslOf(rgb: number): { hue: number; saturation: number; lightness: number } {
  const [r, g, b] = [rgb >>> 16, (rgb >>> 8) & 0xff, rgb & 0xff].map((part) => part / 255) as [
    // Three in, three out.
    number,
    number,
    number,
  ]
  const most = Math.max(r, g, b)
  const least = Math.min(r, g, b)
  const range = most - least
  const lightness = (most + least) / 2
  if (range === 0) return { hue: 0, saturation: 0, lightness }
  const saturation = range / (1 - Math.abs(2 * lightness - 1))
  const sixth =
    most === r ? ((g - b) / range + 6) % 6 : most === g ? (b - r) / range + 2 : (r - g) / range + 4
  return { hue: sixth * 60, saturation, lightness }
}

/** Upper ends of the hues, in degrees. */
const HUES: readonly (readonly [number, string])[] = [
  [12, 'red'],
  [42, 'orange'],
  [68, 'yellow'],
  [95, 'lime'],
  [160, 'green'],
  [178, 'teal'],
  [198, 'cyan'],
  [260, 'blue'],
  [310, 'purple'],
  [340, 'pink'],
  [360, 'red'],
]

/** What people roughly call a colour; for those who hear it instead of seeing it. */
export function colorName(rgb: number): string {
  const { hue, saturation, lightness } = hslOf(rgb)
  if (lightness > 0.97) return 'white'
  if (lightness < 0.07) return 'black'
  if (saturation < 0.12) {
    return lightness > 0.8
      ? 'light grey'
      : lightness < 0.25
        ? 'near black'
        : lightness < 0.4
          ? 'dark grey'
          : 'grey'
  }
  const name = HUES.find(([end]) => hue < end)?.[1] ?? 'red'
  if ((name === 'orange' || name === 'red') && lightness < 0.5 && saturation < 0.65) return 'brown'
  if (lightness > 0.75) return `light ${name}`
  if (lightness < 0.3) return `dark ${name}`
  return name
}

/** Whether black text reads better on it than white (WCAG relative luminance). */
export function isLight(rgb: number): boolean {
  const linear = (part: number): number => {
    const value = part / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const luminance =
    0.2126 * linear(rgb >>> 16) + 0.7152 * linear((rgb >>> 8) & 0xff) + 0.0722 * linear(rgb & 0xff)
  return luminance > 0.179
}
