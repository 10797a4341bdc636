import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSIC_PALETTE } from '../../../src/boards/canvas/palettes.ts'
import { colorName, hexOf, hslOf, isLight } from './colors.ts'

test('a colour is written as style sheets do', () => {
  assert.equal(hexOf(0x00d3dd), '#00d3dd')
  assert.equal(hexOf(0), '#000000')
})

test('the classic colours have the names that people give them', () => {
  assert.deepEqual(CLASSIC_PALETTE.map(colorName), [
    'white',
    'light grey',
    'grey',
    'near black',
    'light pink',
    'red',
    'orange',
    'brown',
    'yellow',
    'lime',
    'green',
    'cyan',
    'blue',
    'blue',
    'purple',
    'dark purple',
  ])
})

test('hue, saturation and lightness of plain colours', () => {
  assert.deepEqual(hslOf(0xff0000), { hue: 0, saturation: 1, lightness: 0.5 })
  assert.deepEqual(hslOf(0x00ff00), { hue: 120, saturation: 1, lightness: 0.5 })
  assert.deepEqual(hslOf(0x0000ff), { hue: 240, saturation: 1, lightness: 0.5 })
  assert.deepEqual(hslOf(0x808080).saturation, 0)
})

test('light colours are those that black reads better on', () => {
  assert.ok(isLight(0xffffff) && isLight(0xe5d900) && isLight(0x94e044))
  assert.ok(!isLight(0x000000) && !isLight(0x0000ea) && !isLight(0x820080))
})
