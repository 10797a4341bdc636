import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { area, created, Fold, painted, placed } from '../../../test/support/boards.ts'
import { manySteps, STEPS_BOARD, take } from '../../../test/support/canvas-steps.ts'
import { SpateError } from '../../base/errors.ts'
import { decodeBody, encodeBody } from './codec.ts'
import type { CanvasRecord } from './records.ts'
import { RecordType } from './records.ts'

const cell = {
  x: 65_535,
  y: 2,
  expected: { color: 1, player: 7, timeMs: 5 },
  becomes: { color: 2, player: 8, timeMs: 6.5 },
}

/** One of each type, every field set. */
const EXAMPLES: { readonly [T in keyof typeof RecordType]: CanvasRecord } = {
  created: {
    type: RecordType.created,
    body: created({ extent: area(-1, -2, 3, 4), palette: [1, 2], background: 1 }),
  },
  placed: { type: RecordType.placed, body: placed([1, -1, 2, 3], [4_000_000_000, 5, 6, 255]) },
  painted: {
    type: RecordType.painted,
    body: painted([1, 2, 3, 4, 1_700_000_000_500], [5, 6, 7, 8, 1_700_000_000_000]),
  },
  banned: { type: RecordType.banned, body: { player: 7, untilMs: 12.5, shadow: true, reason: 'ü' } },
  unbanned: { type: RecordType.unbanned, body: { player: 7 } },
  restored: { type: RecordType.restored, body: { kind: 'undo', player: 7, reason: 'ü', cells: [cell] } },
  resized: { type: RecordType.resized, body: { extent: area(-1, -2, 3, 4) } },
  repainted: { type: RecordType.repainted, body: { palette: [0xffffff, 0] } },
  ruled: {
    type: RecordType.ruled,
    body: {
      rules: {
        cooldown: {
          kind: 'stack',
          seconds: 5,
          blankSeconds: 2,
          stack: 6,
          activity: { players: 10, windowSeconds: 60, maxFactor: 4 },
        },
        undoSeconds: 5,
        activeZone: area(0, 0, 1, 1),
      },
    },
  },
  locked: { type: RecordType.locked, body: { lock: { id: 'a', reason: 'b', ...area(1, 2, 3, 4) } } },
  unlocked: { type: RecordType.unlocked, body: { id: 'a' } },
}

/** SHA-256 of the example's bytes in version 1. */
const PINS: Record<keyof typeof EXAMPLES, string> = {
  created: '23238831a912e399a424289b6e4565cd5fe3a3fcb9cba1efe8f0163fa195b205',
  placed: '24cf60df9a3c20b4920954af88ae6887cd2c03f4b1be38fa5dcc01fbb235c1c8',
  painted: '03d85d33190d3e6094c4519e7326d0188f9035b6ec75e68484a2fdd92245b98a',
  banned: '7bee76729ec150a57277ca92772cb95b63a0c3e7e9a1e3cedfc6ffcac62e2d61',
  unbanned: 'a534b86a9e587211897bae3ac65b11e5735571a1a39f3c28c1063ac4428b8727',
  restored: 'c549f30e1e66258d68ad66bc3221611d3eccc923b1cda41ac6d97d0eca2e844e',
  resized: '5e615e98eb3649d61d07081e235cc549712b17e55bc175b3f3ba8d5aae8b7f88',
  repainted: '0a05462ee2571d368a0223aa3522bb45271443855596d3367ab45ab558b8a07d',
  ruled: '090d01d50e4da83bbb567c479d77cf0e9cedd0dd0ebe6ecc6a3e25a9896ba7f5',
  locked: 'c1647b08a726baa955a2ff1eaae469eb3f98fa27e7aedefb92e435187be18299',
  unlocked: '2e54ffc0f4f36603f1650cb853d5248cd74d60a3c4f9974653edb29f77cdcb4e',
}

// Object.entries widens the keys of a constant object to string.
const examples = Object.entries(EXAMPLES) as [keyof typeof EXAMPLES, CanvasRecord][]

test('[B1] the stored layouts are what they were when they were pinned', () => {
  const hashes = examples.map(([name, record]) => [
    name,
    createHash('sha256').update(encodeBody(record)).digest('hex'),
  ])
  assert.deepEqual(
    Object.fromEntries(hashes),
    PINS,
    'A stored layout has changed. Logs hold the old one: raise the version in codec.ts, keep reading the old, add a pin.',
  )
})

test('[B1] the numbers of the record types are what they were', () => {
  assert.deepEqual(RecordType, {
    created: 1,
    placed: 2,
    painted: 3,
    banned: 4,
    unbanned: 5,
    restored: 6,
    resized: 7,
    repainted: 8,
    ruled: 9,
    locked: 10,
    unlocked: 11,
  })
})

test('[B2] a record is read as it was written', () => {
  for (const [, record] of examples) assert.deepEqual(decodeBody(record.type, encodeBody(record)), record)
  fc.assert(
    fc.property(manySteps, (steps) => {
      const fold = new Fold(STEPS_BOARD)
      for (const step of steps) take(fold, step)
      for (const { type, body } of fold.records) {
        const decoded = decodeBody(type, body)
        assert.equal(decoded.type, type)
        assert.deepEqual(encodeBody(decoded), body)
      }
    }),
    { numRuns: 50 },
  )
})

test('[B2] columns longer than their count, and bytes at any offset, are read all the same', () => {
  const body = { ...placed([1, 2, 3, 4], [5, 6, 7, 8]), count: 1 }
  const bytes = encodeBody({ type: RecordType.placed, body })
  for (const offset of [0, 1, 2, 3]) {
    const shifted = new Uint8Array(bytes.length + offset)
    shifted.set(bytes, offset)
    assert.deepEqual(decodeBody(RecordType.placed, shifted.subarray(offset)), {
      type: RecordType.placed,
      body: placed([1, 2, 3, 4]),
    })
  }
})

test('[B2] painted cells of one record lie within 49 days', () => {
  const spanMs = 2 ** 32 - 1
  const fits = { type: RecordType.painted, body: painted([1, 0, 0, 0, spanMs + 9], [1, 0, 0, 0, 9]) }
  assert.deepEqual(decodeBody(RecordType.painted, encodeBody(fits)), fits)
  const body = painted([1, 0, 0, 0, spanMs + 10], [1, 0, 0, 0, 9])
  assert.throws(() => encodeBody({ type: RecordType.painted, body }), isError('invalid'))
})

test('[B3] a newer version and an unknown type are refused by a message that names the upgrade', () => {
  for (const [, record] of examples) {
    const bytes = encodeBody(record)
    bytes[0] = 2
    assert.throws(() => decodeBody(record.type, bytes), isError('newer-version', /version 2 .*upgrade Spate/))
  }
  for (const type of [0, 12, 255]) {
    assert.throws(() => decodeBody(type, Uint8Array.of(1)), isError('newer-version', /upgrade Spate/))
  }
})

test('[B4] bytes cut short or with more at the end are corrupt', () => {
  for (const [name, record] of examples) {
    const bytes = encodeBody(record)
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decodeBody(record.type, bytes.slice(0, length)),
        isError('corrupt'),
        `${name} ${length}`,
      )
    }
    assert.throws(() => decodeBody(record.type, Uint8Array.of(...bytes, 0)), isError('corrupt'), name)
  }
})

test('[B4] any bytes are a record, corrupt, or of a newer version', () => {
  const types = Object.values(RecordType)
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.uint8Array({ maxLength: 80 }).map((rest) => Uint8Array.of(1, ...rest)),
    fc.json().map((json) => Uint8Array.of(1, ...new TextEncoder().encode(json))),
  )
  fc.assert(
    fc.property(fc.constantFrom(...types), bytes, (type, bytes) => {
      try {
        assert.equal(decodeBody(type, bytes).type, type)
      } catch (error) {
        assert.ok(
          error instanceof SpateError && ['corrupt', 'newer-version'].includes(error.code),
          String(error),
        )
      }
    }),
    { numRuns: 2000 },
  )
})

test('[B4] a JSON body that is no object is corrupt', () => {
  for (const json of ['null', '7', '"a"', '[]', '{']) {
    const bytes = Uint8Array.of(1, ...new TextEncoder().encode(json))
    assert.throws(() => decodeBody(RecordType.unbanned, bytes), isError('corrupt'), json)
  }
})

test('[B4] a count beyond the bytes is corrupt before memory is taken for it', () => {
  for (const type of [RecordType.placed, RecordType.painted]) {
    const bytes = Uint8Array.of(1, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0)
    assert.throws(() => decodeBody(type, bytes), isError('corrupt', /end of bytes/))
  }
})

function isError(code: string, message = /./): (error: unknown) => boolean {
  return (error) => error instanceof SpateError && error.code === code && message.test(error.message)
}
