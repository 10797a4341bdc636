import assert from 'node:assert/strict'
import { test } from 'node:test'
import { area, Fold } from '../../test/support/boards.ts'
import { payloadOf } from '../../test/support/live.ts'
import { binaryFormat, boardJson, eventStreamFormat } from './formats.ts'
import { encodeServerMessage } from './protocol.ts'
import { LastWrites } from './recent.ts'

const text = new TextDecoder()

function groupsOf(...cells: readonly (readonly [x: number, y: number, color: number])[]) {
  const writes = new LastWrites()
  for (const [x, y, color] of cells) writes.add(x & 0xffff, y & 0xffff, color)
  return writes.groups()
}

test('[V17] events carry signed cells, and the position as their id', () => {
  const { info } = new Fold({ extent: area(-300, -2, 600, 400) }).canvas
  const event = eventStreamFormat.edits(12, groupsOf([-300, -2, 3], [299, 397, 0]), info)
  assert.equal(text.decode(event), 'id: 12\ndata: {"edits":[[-300,-2,3],[299,397,0]]}\n\n')
})

test('[V17] a resync names columns and rows of chunks', () => {
  assert.equal(
    text.decode(eventStreamFormat.resync(9, [0x0102, 255])),
    'event: resync\nid: 9\ndata: {"chunks":[[2,1],[255,0]]}\n\n',
  )
})

test('[V17] a heartbeat is a comment that moves the position', () => {
  const { info } = new Fold().canvas
  assert.equal(text.decode(eventStreamFormat.heartbeat(9, 1234)), ': 1234\nid: 9\n\n')
  assert.equal(
    text.decode(eventStreamFormat.board(4, info)),
    `event: board\nid: 4\ndata: ${JSON.stringify(info)}\n\n`,
  )
})

test('[V17] what one player alone sees has no event', () => {
  assert.equal(eventStreamFormat.hidden(1, groupsOf([1, 1, 1]), new Fold().canvas.info), undefined)
})

test('[V16] binary messages come in frames of their own', () => {
  const { info } = new Fold().canvas
  const groups = groupsOf([1, 2, 3])
  const chunks = Uint16Array.of(7)
  assert.deepEqual(
    [
      binaryFormat.edits(5, groups, info),
      binaryFormat.hidden(5, groups, info),
      binaryFormat.resync(5, [7]),
      binaryFormat.subscribed(6, 5, [7]),
      binaryFormat.board(5, info),
      binaryFormat.heartbeat(5, 8),
    ].map((frame) => frame && payloadOf(frame)),
    [
      { type: 'edits' as const, position: 5, groups },
      { type: 'hidden' as const, position: 5, groups },
      { type: 'resync' as const, position: 5, chunks },
      { type: 'subscribed' as const, request: 6, position: 5, chunks },
      { type: 'board' as const, position: 5, board: boardJson(info) },
      { type: 'heartbeat' as const, position: 5, timeMs: 8 },
    ].map(encodeServerMessage),
  )
})
