import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Csv2022Writer, NdjsonWriter, type PlacementRow } from './placement-rows.ts'

const PLAYERS = new Map([
  [1, { number: 1, name: 'Ann', key: 'c:1234' }],
  [2, { number: 2, name: null, key: 's:place2022/a,"b"/c' }],
])
const CONTEXT = { palette: [0x000001, 0xff4500], player: (number: number) => PLAYERS.get(number) }
const ROW: PlacementRow = {
  position: 7,
  kind: 'placed',
  timeMs: Date.UTC(2022, 3, 3, 17, 38, 22, 5),
  x: -1,
  y: 20,
  color: 1,
  player: 1,
}

test('[I26] CSV: as the year 2022 was published', () => {
  const writer = new Csv2022Writer(CONTEXT)
  assert.equal(writer.begin(), 'timestamp,user_id,pixel_color,coordinate\n')
  assert.equal(writer.row(ROW), '2022-04-03 17:38:22.005 UTC,player-1,#FF4500,"-1,20"\n')
  assert.equal(
    writer.row({ ...ROW, kind: 'painted', player: 2, color: 0, timeMs: ROW.timeMs + 995 }),
    '2022-04-03 17:38:23.000 UTC,"a,""b""/c",#000001,"-1,20"\n',
  )
  assert.equal(
    writer.row({ ...ROW, kind: 'painted', player: 0, timeMs: 1 }),
    '1970-01-01 00:00:00.001 UTC,,#FF4500,"-1,20"\n',
  )
  assert.equal(
    writer.row({ ...ROW, kind: 'restored' }),
    '2022-04-03 17:38:22.005 UTC,restored,#FF4500,"-1,20"\n',
  )
  assert.equal(writer.row({ ...ROW, player: 9 }), '2022-04-03 17:38:22.005 UTC,player-9,#FF4500,"-1,20"\n')
  assert.equal(writer.end(), '')
})

test('[I27] NDJSON: everything that is known of a placement, and an end', () => {
  const writer = new NdjsonWriter(CONTEXT)
  assert.equal(writer.begin(), '')
  assert.deepEqual(JSON.parse(writer.row(ROW)), {
    kind: 'placed',
    position: 7,
    at: '2022-04-03T17:38:22.005Z',
    x: -1,
    y: 20,
    color: 1,
    hex: '#FF4500',
    player: { number: 1, name: 'Ann', key: 'c:1234' },
  })
  const foreign = JSON.parse(writer.row({ ...ROW, player: 2 }))
  assert.deepEqual(foreign.player, { number: 2, name: null, key: 's:place2022/a,"b"/c' })
  assert.equal(JSON.parse(writer.row({ ...ROW, player: 0 })).player, null)
  assert.equal(writer.end(3, 9), '{"kind":"end","rows":3,"position":9}\n')
})
