import { LETTERS, SPRITES } from './sprites.ts'

/** A picture in colours of the classic palette, row by row. */
export interface Mural {
  readonly width: number
  readonly height: number
  readonly colors: Uint8Array
}

const WIDTH = 258
const HEIGHT = 162
const HORIZON = 84
const SHORE = 118

/** Ordered dithering: which of two colours a cell gets where their mix is wanted. */
const BAYER = [
  [0, 8, 2, 10],
  [12, 4, 14, 6],
  [3, 11, 1, 9],
  [15, 7, 13, 5],
] as const

/** From the top of the sky to the horizon. */
const SKY = [15, 14, 4, 6, 8] as const

class Easel {
  readonly colors = new Uint8Array(WIDTH * HEIGHT)

  dot(x: number, y: number, color: number): void {
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT) this.colors[y * WIDTH + x] = color
  }

  /** `share` of the second colour, the rest of the first. */
  mix(x: number, y: number, first: number, second: number, share: number): void {
    this.dot(x, y, share * 16 > (BAYER[y & 3]?.[x & 3] ?? 0) + 0.5 ? second : first)
  }

  sprite(left: number, top: number, rows: readonly string[], scale = 1, recolor?: number): void {
    rows.forEach((row, y) => {
      ;[...row].forEach((character, x) => {
        const color = Number.parseInt(character, 16)
        if (Number.isNaN(color)) return
        for (let i = 0; i < scale * scale; i++) {
          this.dot(left + x * scale + (i % scale), top + y * scale + Math.floor(i / scale), recolor ?? color)
        }
      })
    })
  }
}

/** An evening by the sea, as a crowd might have painted it. The same every time. */
export function paintMural(): Mural {
  const easel = new Easel()
  paintSky(easel)
  paintSun(easel)
  paintHills(easel)
  paintSea(easel)
  paintMeadow(easel)
  paintTitle(easel)
  paintGuests(easel)
  return { width: WIDTH, height: HEIGHT, colors: easel.colors }
}

function paintSky(easel: Easel): void {
  for (let y = 0; y < HORIZON; y++) {
    const along = (y / HORIZON) * (SKY.length - 1)
    const band = Math.min(Math.floor(along), SKY.length - 2)
    for (let x = 0; x < WIDTH; x++) easel.mix(x, y, SKY[band] ?? 0, SKY[band + 1] ?? 0, along - band)
  }
  for (let i = 0; i < 70; i++) {
    const y = (i * i * 7) % 30
    easel.dot((i * 97 + 13) % WIDTH, y, i % 3 === 0 ? 8 : 0)
  }
}

function paintSun(easel: Easel): void {
  const radius = 24
  for (let y = -radius; y <= 0; y++) {
    for (let x = -radius; x <= radius; x++) {
      const distance = Math.hypot(x, y)
      if (distance > radius) continue
      if (distance > radius - 1.5) easel.dot(128 + x, HORIZON + y, 6)
      else easel.mix(128 + x, HORIZON + y, 0, 8, distance / radius)
    }
  }
}

function paintHills(easel: Easel): void {
  for (let x = 0; x < WIDTH; x++) {
    const edge = Math.abs(x - 128) / 128
    const far = HORIZON - edge * (26 + 9 * Math.sin(x / 11) + 4 * Math.sin(x / 4.3))
    const near = HORIZON - edge ** 2.2 * (17 + 6 * Math.sin(x / 7 + 2))
    for (let y = Math.round(far); y < HORIZON; y++) easel.mix(x, y, 15, 13, (y - far) / 40)
    for (let y = Math.round(near); y < HORIZON; y++) easel.mix(x, y, 3, 15, 0.25)
  }
}

function paintSea(easel: Easel): void {
  for (let y = HORIZON; y < SHORE + 6; y++) {
    const depth = (y - HORIZON) / (SHORE - HORIZON)
    for (let x = 0; x < WIDTH; x++) {
      easel.mix(x, y, 12, 11, 0.25 + 0.6 * depth)
      const isCrest = (x + 11 * y + Math.round(5 * Math.sin(y))) % (31 - Math.round(depth * 8)) < 4
      if (isCrest && y % 3 === 1) easel.dot(x, y, depth > 0.4 ? 0 : 11)
    }
    paintGlitter(easel, y, depth)
  }
}

/** The sun's way over the water: dashes that grow wider and sparser towards the shore. */
function paintGlitter(easel: Easel, y: number, depth: number): void {
  if (y % 2 === 1 || y > SHORE - 4) return
  const reach = 9 + depth * 20 + 4 * Math.sin(y * 1.3)
  const period = 5 + Math.round(depth * 5)
  for (let x = Math.ceil(-reach); x <= reach; x++) {
    if ((x + 100 + y * 3) % period >= period - 2 - depth * 3) continue
    const isMiddle = Math.abs(x) < reach / 2
    easel.dot(128 + x, y, isMiddle ? (y % 4 === 0 ? 0 : 8) : 8)
    if (!isMiddle && Math.abs(x) > reach * 0.8) easel.dot(128 + x, y, 6)
  }
}

function paintMeadow(easel: Easel): void {
  for (let x = 0; x < WIDTH; x++) {
    const shore = SHORE + Math.round(2.5 * Math.sin(x / 13) + 1.5 * Math.sin(x / 5))
    for (let y = shore; y < HEIGHT; y++) {
      if (y < shore + 1) easel.dot(x, y, 0)
      else if (y < shore + 5) easel.mix(x, y, 8, 6, (y - shore) / 9)
      else easel.mix(x, y, 9, 10, Math.min(0.9, (y - shore - 5) / 30))
    }
  }
}

function paintTitle(easel: Easel): void {
  const word = ['S', 'P', 'A', 'T', 'E'] as const
  const colors = [5, 6, 8, 9, 11] as const
  const scale = 4
  word.forEach((letter, i) => {
    const left = 56 + i * 29
    const top = 18
    for (const [dx, dy] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
      [1, 1],
      [2, 2],
      [1, 2],
      [2, 1],
      [-1, -1],
      [-1, 1],
      [1, -1],
    ] as const) {
      easel.sprite(left + dx, top + dy, LETTERS[letter], scale, 3)
    }
    easel.sprite(left, top, LETTERS[letter], scale, colors[i])
    easel.sprite(left, top, LETTERS[letter].slice(0, 1), scale, 0)
    easel.sprite(left, top + 1, LETTERS[letter].slice(0, 1), scale, colors[i])
  })
}

function paintGuests(easel: Easel): void {
  const sprite = (left: number, top: number, rows: readonly string[]): void => easel.sprite(left, top, rows)
  sprite(18, 12, SPRITES.cloud)
  sprite(222, 24, SPRITES.cloud)
  sprite(8, 40, SPRITES.cloud)
  sprite(30, 52, SPRITES.balloon)
  sprite(206, 46, SPRITES.balloon)
  sprite(236, 2, SPRITES.rocket)
  sprite(124, 10, SPRITES.crown)
  for (const [x, y] of [
    [96, 62],
    [106, 66],
    [88, 68],
    [160, 60],
    [170, 65],
  ] as const) {
    sprite(x, y, SPRITES.bird)
  }
  sprite(54, 88, SPRITES.boat)
  sprite(176, 94, SPRITES.boat)
  sprite(232, 92, SPRITES.fish)
  sprite(14, 100, SPRITES.fish)
  sprite(98, 104, SPRITES.duck)
  sprite(150, 107, SPRITES.duck)
  sprite(6, 116, SPRITES.house)
  sprite(24, 119, SPRITES.tree)
  sprite(40, 122, SPRITES.tree)
  sprite(60, 125, SPRITES.cat)
  sprite(78, 128, SPRITES.flower)
  sprite(84, 126, SPRITES.tulip)
  sprite(89, 129, SPRITES.flower)
  sprite(100, 126, SPRITES.toadstool)
  sprite(116, 130, SPRITES.tulip)
  sprite(122, 127, SPRITES.heart)
  sprite(132, 130, SPRITES.tulip)
  easel.sprite(141, 126, SPRITES.invader, 1, 15)
  sprite(156, 128, SPRITES.flower)
  sprite(164, 125, SPRITES.ghost)
  sprite(178, 128, SPRITES.tulip)
  sprite(186, 124, SPRITES.toadstool)
  sprite(202, 128, SPRITES.flower)
  sprite(210, 121, SPRITES.tree)
  sprite(224, 118, SPRITES.house)
  sprite(240, 120, SPRITES.tree)
  for (let i = 0; i < 60; i++) {
    const x = (i * 53 + 9) % WIDTH
    const y = 143 + ((i * 29) % 17)
    sprite(x, y, i % 3 === 0 ? ['4'] : i % 3 === 1 ? ['8'] : ['0'])
  }
}
