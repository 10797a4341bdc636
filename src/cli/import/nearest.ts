/** A colour in OKLab: lightness, green to red, blue to yellow (Björn Ottosson, 2020). */
type Lab = readonly [lightness: number, a: number, b: number]

function linear(channel: number): number {
  const value = channel / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

function labOf(rgb: number): Lab {
  const [r, g, b] = [linear(rgb >>> 16), linear((rgb >>> 8) & 0xff), linear(rgb & 0xff)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function squaredDistance(a: Lab, b: Lab): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
}

/**
 * The index of the palette's colour nearest to a colour: by Euclidean distance in OKLab, which goes by what
 * people see; the first of equals. 0xRRGGBB.
 */
export function nearestIn(palette: readonly number[]): (rgb: number) => number {
  const labs = palette.map(labOf)
  return (rgb) => {
    const lab = labOf(rgb)
    let nearest = 0
    let least = Number.POSITIVE_INFINITY
    for (const [index, other] of labs.entries()) {
      const distance = squaredDistance(lab, other)
      if (distance < least) {
        least = distance
        nearest = index
      }
    }
    return nearest
  }
}
