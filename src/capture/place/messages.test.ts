import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { realData } from '../../../test/support/real-data.ts'
import { OTHER, placeMessageOf } from './messages.ts'

const messages = realData('place2022/messages')
const real = (name: string) => placeMessageOf(readFileSync(join(messages.path, name), 'utf8'))
const told = (data: unknown) => placeMessageOf(JSON.stringify({ payload: { data: { subscribe: { data } } } }))

test('[K5] real messages are understood', { skip: messages.skip }, () => {
  assert.deepEqual(real('response-canvas.json'), {
    kind: 'diff',
    url: 'https://hot-potato.reddit.com/media/canvas-images/1648932278612-0-d-bXIB59yT.png',
    timestampMs: 1_648_932_278_612,
    previousMs: 1_648_932_278_501,
  })
  assert.deepEqual(real('response-config.json'), {
    kind: 'config',
    config: {
      palette: [],
      canvases: [
        { index: 0, dx: 0, dy: 0 },
        { index: 1, dx: 1000, dy: 0 },
      ],
      canvasWidth: 1000,
      canvasHeight: 1000,
    },
  })
  assert.deepEqual(real('start.json'), OTHER)
})

test('[K5] floats in exponent form and keys that come twice are understood, types by their fields', () => {
  const text = `{"payload":{"data":{"subscribe":{"data":{"name":"x","name":"https://e.org/1.png",
    "timestamp":1.648932278612e+12,"__typename":"FullFrameMessageData"}}}}}`
  assert.deepEqual(placeMessageOf(text), {
    kind: 'full',
    url: 'https://e.org/1.png',
    timestampMs: 1_648_932_278_612,
  })
  const colors = [
    { hex: '#FF4500', index: 2 },
    { hex: '000000', index: 0 },
    { hex: 'none', index: 1 },
  ]
  const canvasConfigurations = [{ index: 3, dx: -1000, dy: 0 }, { index: -1, dx: 0, dy: 0 }, 'none']
  assert.deepEqual(
    told({ colorPalette: { colors }, canvasConfigurations, canvasWidth: 10, canvasHeight: 20 }),
    {
      kind: 'config',
      config: {
        palette: [
          { rgb: 0, index: 0 },
          { rgb: 0xff4500, index: 2 },
        ],
        canvases: [{ index: 3, dx: -1000, dy: 0 }],
        canvasWidth: 10,
        canvasHeight: 20,
      },
    },
  )
})

test('[K5] a diff that names no frame before it is linked to nothing', () => {
  const name = 'https://e.org/1.png'
  for (const previousTimestamp of [undefined, null, 0, 5000, 6000, 'x']) {
    assert.deepEqual(told({ name, currentTimestamp: 5000, previousTimestamp }), {
      kind: 'diff',
      url: name,
      timestampMs: 5000,
      previousMs: 5000,
    })
  }
})

test('[K5] whatever comes is a message or other, and never an error', () => {
  for (const data of [
    null,
    [],
    { name: 'ftp://e.org/1', timestamp: 1 },
    { name: 5, timestamp: 1 },
    { name: 'https://e.org', timestamp: -1 },
    { canvasConfigurations: [], canvasWidth: 1, canvasHeight: 1 },
    { canvasConfigurations: [{ index: 0, dx: 0, dy: 0 }], canvasWidth: 1e9, canvasHeight: 1 },
  ]) {
    assert.deepEqual(told(data), OTHER)
  }
  for (const text of ['', '{', 'null', '[]', '{"type":"ka"}', '{"payload":null}'])
    assert.deepEqual(placeMessageOf(text), OTHER)
  fc.assert(
    fc.property(fc.json(), fc.jsonValue(), (text, data) => {
      assert.ok(placeMessageOf(text).kind)
      assert.ok(told(data).kind)
      assert.ok(told({ timestamp: data, currentTimestamp: data, name: data }).kind)
      assert.ok(
        told({ canvasConfigurations: data, colorPalette: data, canvasWidth: 1, canvasHeight: 1 }).kind,
      )
    }),
  )
})
