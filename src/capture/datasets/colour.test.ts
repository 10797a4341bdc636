import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NO_COLOUR, readColour } from './colour.ts'
import { PALETTE_2017 } from './palettes.ts'

/** Reads the text as a field that lies between others. */
function read(spelling: Parameters<typeof readColour>[0], text: string): number {
  const bytes = Buffer.from(`,${text},`)
  return readColour(spelling, bytes, 1, bytes.length - 1)
}

test('[I7] a colour is an index into the palette of 2017, #RRGGBB or FFRRGGBB, in either case', () => {
  PALETTE_2017.forEach((rgb, index) => {
    assert.equal(read('index', `${index}`), rgb)
  })
  fc.assert(
    fc.property(fc.nat(0xffffff), fc.boolean(), (rgb, isUpper) => {
      const hex = rgb.toString(16).padStart(6, '0')
      const digits = isUpper ? hex.toUpperCase() : hex
      assert.equal(read('rgb', `#${digits}`), rgb)
      assert.equal(read('argb', `${isUpper ? 'FF' : 'ff'}${digits}`), rgb)
    }),
  )
})

test('[I7] everything else is no colour', () => {
  const refused = {
    index: ['', '16', '-1', '1.', '007', ' 1', 'a', '#000000'],
    rgb: ['', '#', 'FF4500', '#FF450', '#FF45000', '#FF450G', '#ff45`0', ' #FF4500', '#FF450é'],
    argb: ['', 'FF4500', '00FF4500', 'FEFF4500', '#FF4500F', 'FFFF450G', 'FFFF45000', 'GGFF4500'],
  } as const
  for (const spelling of ['index', 'rgb', 'argb'] as const) {
    for (const text of refused[spelling]) assert.equal(read(spelling, text), NO_COLOUR, `${spelling} ${text}`)
  }
})
