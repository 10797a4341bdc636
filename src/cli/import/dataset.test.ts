import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpServer } from '../../../test/support/http.ts'
import { imported } from '../../../test/support/import.ts'
import {
  gzipFile,
  HEADER_2017,
  HEADER_2022,
  HEADER_2023,
  linesFile,
} from '../../../test/support/place-rows.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { wrap } from '../../boards/canvas/geometry.ts'
import { PALETTE_2017, PALETTE_2022 } from '../../capture/datasets/palettes.ts'
import { accountOf } from './dataset-text.ts'

const RED = '#FF4500'
const BLACK = '#000000'
const DAY_MS = 24 * 3600 * 1000

/** The board's colours from its top left, as #RRGGBB. */
function colorsOf(server: HttpServer, id: string): string[][] {
  const { canvas } = server.services.boards.get(id)
  const { left, top, width, height } = canvas.info.extent
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const rgb = canvas.info.palette[canvas.colorAt(wrap(left + x), wrap(top + y))] ?? -1
      return `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`
    }),
  )
}

/** The same with a letter for each colour: a dot for white. */
function pictureOf(server: HttpServer, id: string): string[] {
  const letters: Record<string, string> = { '#FFFFFF': '.', [RED]: 'r', [BLACK]: 'b', '#123456': 'x' }
  return colorsOf(server, id).map((row) => row.map((color) => letters[color] ?? '?').join(''))
}

async function setUp(t: TestContext, ...lines: string[]) {
  const folder = tempFolder(t)
  return { server: await HttpServer.start(t), folder, file: linesFile(folder, 'rows.csv', ...lines) }
}

test('[I21] 2017: the palette of the year, indexes as colours, times of the year', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2017,
    '1490918688000,ann=,3,4,5',
    '1490979533000,ben=,4,4,15',
  )
  const { painted } = await imported(server, 'p', [file])
  const { info, timeMs, ...canvas } = server.services.boards.get('p').canvas
  assert.deepEqual(info.extent, { left: 3, top: 4, width: 2, height: 1 })
  assert.deepEqual([info.palette, info.background], [PALETTE_2017, 0])
  assert.deepEqual(painted?.isNew, true)
  assert.equal(timeMs, 1490979533000)
  assert.equal(canvas.position, 3)
  assert.deepEqual(colorsOf(server, 'p'), [['#E50000', '#820080']])
  const cell = (await server.client().get('/api/boards/p/cells/3/4')).json()
  assert.deepEqual(cell.player, { number: 1, name: 'place2017/ann=' })
  assert.equal(cell.at, '2017-03-31T00:04:48.000Z')
})

test('[I21] 2022: its 32 colours and what else the data has; rectangles; white beneath', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2022,
    `2022-04-01 12:44:10.315 UTC,ann,${RED},"0,0,2,1"`,
    `2022-04-01 12:44:11 UTC,ben,#123456,"1,0"`,
    `2022-04-01 12:44:12 UTC,ben,${BLACK},"3,2"`,
  )
  await imported(server, 'p', [file])
  const { info } = server.services.boards.get('p').canvas
  assert.deepEqual(info.palette, [...PALETTE_2022, 0x123456])
  assert.equal(info.palette[info.background], 0xffffff)
  assert.deepEqual(pictureOf(server, 'p'), ['rxr.', 'rrr.', '...b'])
})

test('[I21] 2023: circles and negative coordinates; the board begins where the data does', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2023,
    `2023-07-20 13:00:26.088 UTC,ann,"-3,-2",${BLACK}`,
    `2023-07-20 13:00:27 UTC,mod,"{X: 0, Y: 0, R: 2}",${RED}`,
    `2023-07-20 13:00:28 UTC,ann,"0,0",${BLACK}`,
  )
  await imported(server, 'p', [file])
  assert.deepEqual(server.services.boards.get('p').canvas.info.extent, {
    left: -3,
    top: -2,
    width: 6,
    height: 5,
  })
  assert.deepEqual(pictureOf(server, 'p'), ['b..r..', '..rrr.', '.rrbrr', '..rrr.', '...r..'])
})

test('[I21] a board is as large as the shapes on it', async (t) => {
  const { server, folder } = await setUp(t)
  const at = '2023-07-20 13:00:27 UTC,mod'
  const shapes = { '"{X: 5, Y: 6, R: 1}"': [4, 5, 3, 3], '"3,9,-1,2"': [-1, 2, 5, 8] }
  for (const [i, [shape, extent]] of Object.entries(shapes).entries()) {
    const file = linesFile(folder, 'shape', HEADER_2023, `${at},${shape},${RED}`)
    await imported(server, `p${i}`, [file])
    const { left, top, width, height } = server.services.boards.get(`p${i}`).canvas.info.extent
    assert.deepEqual([left, top, width, height], extent)
  }
})

test('[I21] size, place and palette can be given; what lies outside is accounted for', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2022,
    `2022-04-01 12:44:10 UTC,a,${RED},"5,5"`,
    `2022-04-01 12:44:11 UTC,a,${BLACK},"0,0,9,0"`,
    `2022-04-01 12:44:12 UTC,a,${BLACK},"5,6"`,
  )
  const result = await imported(server, 'p', [file], {
    extent: { left: 4, width: 3 },
    palette: [0xffffff, 0xff4500],
  })
  assert.deepEqual(server.services.boards.get('p').canvas.info.extent, {
    left: 4,
    top: 0,
    width: 3,
    height: 7,
  })
  assert.deepEqual(pictureOf(server, 'p'), ['...', '...', '...', '...', '...', '.r.', '...'])
  assert.equal(
    accountOf(result).replaceAll(file, 'FILE'),
    `Made board p: 3×7 at 4,0
2 colours; source place2022; 2022-04-01T12:44:10.000Z to 2022-04-01T12:44:12.000Z
  lines                        3
  refused                      0
  rows                         3
  cells                       12
  applied                      1
  superseded                   0
  out of range                 7  first FILE:3
  no such colour               4  first FILE:3: #000000 4
`,
  )
})

test('[I22] every refused line and damaged file is told of, the rest is painted', async (t) => {
  const { server, folder, file } = await setUp(
    t,
    HEADER_2022,
    `2022-04-01 12:44:10 UTC,a,${RED},"0,0"`,
    `2022-02-30 12:44:10 UTC,a,${RED},"0,0"`,
    `2022-04-01 12:44:10 UTC,a,red,"0,0"`,
    '',
    'x\u001b[2J',
    `2022-04-01 12:44:12 UTC,a,${BLACK},"1,0"`,
  )
  const other = linesFile(folder, 'notes.txt', 'once upon a time')
  const result = await imported(server, 'p', [file, other])
  assert.deepEqual(pictureOf(server, 'p'), ['rb'])
  assert.equal(
    accountOf(result).replaceAll(`${folder}/`, ''),
    `Made board p: 2×1 at 0,0
32 colours; source place2022; 2022-04-01T12:44:10.000Z to 2022-04-01T12:44:12.000Z
  lines                        6
  refused                      4  blank-line 1, wrong-field-count 1, bad-time 1, bad-colour 1
  rows                         2
  cells                        2
  applied                      2
  superseded                   0
Refused lines:
  rows.csv:3: bad-time: 2022-02-30 12:44:10 UTC,a,#FF4500,"0,0"
  rows.csv:4: bad-colour: 2022-04-01 12:44:10 UTC,a,red,"0,0"
  rows.csv:5: blank-line: 
  rows.csv:6: wrong-field-count: x\uFFFD[2J
Damaged: notes.txt: unknown-format after line 1, byte 17
`,
  )
})

test('[I22] cells of the future and of the very first millisecond are accounted for, not sent', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2017,
    `${Date.UTC(2026, 0, 1)},a,0,0,1`,
    `${Date.UTC(2026, 0, 1) + 1},a,900,0,1`,
    '0,a,0,900,1',
  )
  const { painted } = await imported(server, 'p', [file])
  assert.equal(painted?.cells.omitted.notInPast, 2)
  assert.deepEqual(painted?.cells.firstOmitted.notInPast, { file: 0, line: 4 }, 'in the order of time')
  assert.equal(painted?.cells.verdict('accepted'), 1)
  assert.deepEqual(server.services.boards.get('p').canvas.info.extent, {
    left: 0,
    top: 0,
    width: 1,
    height: 1,
  })
})

test('[I22] where nothing can be painted, no board is made', async (t) => {
  const { server, file } = await setUp(t, HEADER_2022, 'nonsense', `2026-04-01 12:44:10 UTC,a,${RED},"0,0"`)
  const result = await imported(server, 'p', [file])
  assert.match(accountOf(result), /^ {2}lines +2\n {2}refused +1 .*\n {2}rows +1 {2}1 not in the past$/m)
  assert.equal(result.painted, undefined)
  assert.equal(server.services.boards.has('p'), false)
})

test('[I23] files in any order are painted in order of time; in a millisecond the later line wins', async (t) => {
  const { server, folder } = await setUp(t)
  const late = gzipFile(folder, 'late.gz', `${HEADER_2017}\n9000,a,0,0,5\n7000,a,1,0,6\n7000,a,1,0,7\n`)
  const early = linesFile(
    folder,
    'early',
    HEADER_2017,
    '8000,b,0,0,1',
    '7000,b,1,0,2',
    '9000,b,2,0,3',
    '9000,b,2,0,4',
  )
  const { painted } = await imported(server, 'p', [late, early])
  assert.deepEqual(colorsOf(server, 'p'), [[5, 2, 4].map((i) => colorOf(i))])
  assert.deepEqual(Object.fromEntries(painted?.cells.verdicts ?? []), { accepted: 7 })
})

function colorOf(index: number): string {
  return `#${(PALETTE_2017[index] ?? 0).toString(16).padStart(6, '0').toUpperCase()}`
}

test('[I23] times months apart are no obstacle', async (t) => {
  const rows = Array.from({ length: 30 }, (_, i) => `${1 + i * 40 * DAY_MS},a,${i},0,${i % 16}`)
  const { server, file } = await setUp(t, HEADER_2017, ...rows)
  const { painted } = await imported(server, 'p', [file])
  assert.equal(painted?.cells.verdict('accepted'), 30)
  assert.deepEqual(colorsOf(server, 'p'), [Array.from({ length: 30 }, (_, i) => colorOf(i % 16))])
})

test('[I24] importing again ends in the same picture; what players painted later stays', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2022,
    `2022-04-01 12:44:10 UTC,a,${RED},"0,0,3,0"`,
    `2022-04-01 12:44:11 UTC,b,${BLACK},"1,0"`,
    `2022-04-01 12:44:11 UTC,a,${RED},"1,0"`,
    `2022-04-01 12:44:11 UTC,b,${BLACK},"2,0"`,
  )
  await imported(server, 'p', [file])
  const player = await server.visitor()
  const index = (color: number) => PALETTE_2022.indexOf(color)
  await player.post('/api/boards/p/edit', { x: 3, y: 0, c: index(0) })
  assert.deepEqual(pictureOf(server, 'p'), ['rrbb'])
  const { painted } = await imported(server, 'p', [file])
  assert.deepEqual(pictureOf(server, 'p'), ['rrbb'])
  assert.equal(painted?.isNew, false)
  // Of the same millisecond each is accepted anew, in the same order.
  assert.deepEqual(Object.fromEntries(painted?.cells.verdicts ?? []), { superseded: 3, accepted: 4 })
})

test('[I24] a board that is there keeps its size and its colours', async (t) => {
  const { server, file } = await setUp(
    t,
    HEADER_2022,
    `2022-04-01 12:44:10 UTC,a,${RED},"-1,0,2,0"`,
    `2022-04-01 12:44:10 UTC,a,#820080,"0,0"`,
    `2022-04-01 12:44:10 UTC,a,#820080,"70000,0"`,
  )
  await server.admin.post('/api/boards', { id: 'p', width: 2, height: 1 })
  const { painted } = await imported(server, 'p', [file])
  assert.equal(painted?.cells.omitted.noSuchColor, 2)
  assert.equal(painted?.cells.omitted.outOfRange, 3)
  assert.deepEqual([...(painted?.cells.unknownColors ?? [])], [[0xff4500, 2]])
  assert.deepEqual(colorsOf(server, 'p'), [['#820080', '#FFFFFF']])
  const shape = { extent: { width: 3 } }
  await assert.rejects(imported(server, 'p', [file], shape), /board p exists: --width/)
})

test('[I25] authors are players of their source, nobody stays nobody', async (t) => {
  const { server, folder, file } = await setUp(t, HEADER_2017, '1000,ann,0,0,1', '1000,,1,0,2')
  await imported(server, 'p', [file])
  await imported(server, 'q', [
    linesFile(folder, 'b', HEADER_2022, `2022-04-01 12:44:10 UTC,ann,${RED},"0,0"`),
  ])
  await imported(server, 'r', [file], { source: 'mine' })
  await imported(server, 's', [file])
  const playerOf = async (board: string, x: number) =>
    (await server.client().get(`/api/boards/${board}/cells/${x}/0`)).json().player
  assert.deepEqual(await playerOf('p', 0), { number: 1, name: 'place2017/ann' })
  assert.equal(await playerOf('p', 1), null)
  assert.deepEqual(await playerOf('q', 0), { number: 2, name: 'place2022/ann' })
  assert.deepEqual(await playerOf('r', 0), { number: 3, name: 'mine/ann' })
  assert.deepEqual(await playerOf('s', 0), { number: 1, name: 'place2017/ann' })
})

test('[I25] files of several years need one name for their source', async (t) => {
  const { server, folder, file } = await setUp(t, HEADER_2017, '1000,ann,0,0,1')
  const other = linesFile(folder, 'b', HEADER_2022, `2022-04-01 12:44:10 UTC,ann,${RED},"1,0"`)
  await assert.rejects(imported(server, 'p', [file, other]), /place2017 and place2022: name one source/)
  assert.equal(server.services.boards.has('p'), false)
  await imported(server, 'p', [file, other], { source: 'all' })
  assert.deepEqual(colorsOf(server, 'p'), [['#E4E4E4', RED]])
})

test('[I21] data wider than any board is refused until somebody says which part', async (t) => {
  const { server, file } = await setUp(t, HEADER_2017, '1000,ann,0,0,1', '1000,ann,99999999,0,1')
  await assert.rejects(
    imported(server, 'p', [file]),
    /spans 100000000×1 cells from 0,0; a board has 1 to 65536/,
  )
  const { painted } = await imported(server, 'p', [file], { extent: { width: 10 } })
  assert.equal(painted?.cells.omitted.outOfRange, 1)
  assert.equal(painted?.cells.verdict('accepted'), 1)
})

test('a server that is gone midway is an error, not an account', async (t) => {
  const rows = Array.from({ length: 40_000 }, (_, i) => `${1000 + i},a,${i % 100},0,1`)
  const { server, file } = await setUp(t, HEADER_2017, ...rows)
  const { boards } = server.services
  const refused = t.mock.method(boards, 'get', (id: string) => {
    const host = Object.getPrototypeOf(boards).get.call(boards, id)
    if (refused.mock.callCount() < 3) return host
    throw Object.assign(new Error('gone'), { statusCode: 499 })
  })
  await assert.rejects(imported(server, 'p', [file]), /gone/)
})
