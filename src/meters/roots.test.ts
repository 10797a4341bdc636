import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ROOTS_A_PAGE, rootIn, withRoots } from './roots.ts'

const node = fc.uint8Array({ minLength: 1, maxLength: 400 })
const slot = fc.nat({ max: ROOTS_A_PAGE - 1 })

test('[M22] a page has the newest node of each row, whatever was put when', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(slot, node), { maxLength: 5 })), (rounds) => {
      const model = new Map<number, Uint8Array>()
      let page: Uint8Array | undefined
      for (const round of rounds) {
        const changed: Uint8Array[] = []
        for (const [row, bytes] of round) {
          changed[row] = bytes
          model.set(row, bytes)
        }
        page = withRoots(page, changed)
      }
      for (let row = 0; row < ROOTS_A_PAGE; row++) {
        const found = rootIn(page, 64 * ROOTS_A_PAGE + row)
        assert.deepEqual(found && [...found], model.get(row) && [...(model.get(row) ?? [])])
      }
      const all: (Uint8Array | undefined)[] = []
      for (const [row, bytes] of model) all[row] = bytes
      if (page !== undefined) assert.deepEqual([...withRoots(undefined, all)], [...page])
    }),
  )
})
