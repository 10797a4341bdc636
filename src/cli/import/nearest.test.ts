import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PALETTE_2022 } from '../../capture/datasets/palettes.ts'
import { nearestIn } from './nearest.ts'

test('[I31] a palette’s own colours are the nearest to themselves', () => {
  const nearest = nearestIn(PALETTE_2022)
  assert.deepEqual(
    PALETTE_2022.map(nearest),
    PALETTE_2022.map((_, index) => index),
  )
})

test('[I31] nearness goes by what people see: OKLab, the first of equals', () => {
  const grey = [0x000000, 0x636363, 0xffffff]
  // Halfway in lightness, not in the numbers of sRGB, whose halfway is 0x808080.
  assert.deepEqual([0x0e0e0e, 0x6a6a6a, 0xb0b0b0].map(nearestIn(grey)), [0, 1, 2])
  assert.equal(nearestIn([0xff0000, 0x00ff00, 0x0000ff])(0x7f00ff), 2)
  assert.equal(nearestIn([0x123456, 0x123456])(0x123457), 0)
})
