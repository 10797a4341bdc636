import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { HttpServer, lobby } from '../../../test/support/http.ts'
import { organiser, SILENT } from '../../../test/support/import.ts'
import { readPng } from '../../../test/support/png.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { importPicture, type PictureImport } from './picture.ts'
import { pictureAccountOf } from './picture-text.ts'
import { isPng } from './pixels.ts'

const [R, G, W, K] = [0xff0000, 0x00ff00, 0xffffff, 0x000000]
/** Red that nobody sees. */
const T = R + 0.5

/** Writes rows of 0xRRGGBB as a PNG. */
async function png(path: string, rows: readonly (readonly number[])[]): Promise<string> {
  const bytes = rows
    .flat()
    .flatMap((rgb) => [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255, rgb === T ? 127 : 255])
  const raw = { width: rows[0]?.length ?? 0, height: rows.length, channels: 4 } as const
  await sharp(Buffer.from(bytes), { raw }).png().toFile(path)
  return path
}

async function setUp(t: TestContext, rows: readonly (readonly number[])[]) {
  return { server: await HttpServer.start(t), file: await png(join(tempFolder(t), 'picture.png'), rows) }
}

function imported(server: HttpServer, file: string, part: Partial<PictureImport> = {}) {
  return importPicture(organiser(server), { board: 'p', file, extent: {}, exact: false, ...part }, SILENT)
}

async function shown(server: HttpServer): Promise<number[]> {
  return [...(await readPng((await server.client().get('/api/boards/p/image.png')).bytes)).rgb]
}

test('[I30] a board is made as large as the picture and with its colours', async (t) => {
  const rows = [
    [K, R, R],
    [G, G, K],
  ]
  const { server, file } = await setUp(t, rows)
  const result = await imported(server, file)
  const { info } = server.services.boards.get('p').canvas
  assert.deepEqual(info.extent, { left: 0, top: 0, width: 3, height: 2 })
  assert.deepEqual([info.palette, info.background], [[K, R, G], 0])
  assert.deepEqual(await shown(server), rows.flat())
  assert.equal(
    pictureAccountOf(result, false),
    'Made board p: 3×2 at 0,0, 3 colours\n' +
      '  pixels                       6\n  transparent                  0\n  applied                      6\n',
  )
  const cell = (await server.client().get('/api/boards/p/cells/2/1')).json()
  assert.deepEqual([cell.player, cell.at], [null, new Date(server.clock.now()).toISOString()])
})

test('[I30] what is transparent stays as it is: white on a new board', async (t) => {
  const { server, file } = await setUp(t, [
    [R, T],
    [T, R],
  ])
  const { transparent, verdicts } = await imported(server, file)
  assert.deepEqual([transparent, verdicts.get('accepted')], [2, 2])
  const { info } = server.services.boards.get('p').canvas
  assert.deepEqual([info.palette, info.background], [[R, W], 1])
  assert.deepEqual(await shown(server), [R, W, W, R])
})

test('[I30] a picture of one colour makes a board of two', async (t) => {
  const { server, file } = await setUp(t, [[W, W]])
  await imported(server, file)
  assert.deepEqual(server.services.boards.get('p').canvas.info.palette, [W, K])
})

test('[I30] offset, size and palette of a new board can be given; what lies outside is accounted for', async (t) => {
  const { server, file } = await setUp(t, [[R, R, R]])
  const { verdicts } = await imported(server, file, {
    atX: -1,
    atY: 5,
    extent: { left: 0, top: 4, width: 4, height: 3 },
    palette: [W, R],
  })
  assert.deepEqual(Object.fromEntries(verdicts), { outOfRange: 1, accepted: 2 })
  assert.deepEqual(await shown(server), [W, W, W, W, R, R, W, W, W, W, W, W])
})

test('[I31] on a board that is there, other colours become the nearest', async (t) => {
  const { server, file } = await setUp(t, [[0xfe0203, G, 0x0f0f0f, K]])
  await server.services.boards.create(
    lobby({ id: 'p', extent: { left: -2, top: 7, width: 4, height: 1 }, palette: [W, R, K] }),
  )
  const result = await imported(server, file)
  assert.deepEqual(await shown(server), [R, W, K, K])
  assert.match(
    pictureAccountOf(result, false),
    /^ {2}replaced +3 {2}not of the board: #FE0203 1, #00FF00 1, #0F0F0F 1$/m,
  )
})

test('[I31] exact leaves them out', async (t) => {
  const { server, file } = await setUp(t, [[0xfe0203, R, G, G]])
  await server.services.boards.create(
    lobby({ id: 'p', extent: { left: 0, top: 0, width: 4, height: 1 }, palette: [W, R, K] }),
  )
  const result = await imported(server, file, { exact: true })
  assert.deepEqual(await shown(server), [W, R, W, W])
  assert.match(pictureAccountOf(result, true), /^ {2}left out +3 {2}not of the board: #00FF00 2, #FE0203 1$/m)
})

test('[I30] more colours than a board can have need a palette', async (t) => {
  const { server, file } = await setUp(t, [Array.from({ length: 257 }, (_, i) => i)])
  await assert.rejects(imported(server, file), /the picture has 257 colours, a board at most 256/)
  assert.equal(server.services.boards.has('p'), false)
  await imported(server, file, { palette: [W, K] })
  assert.equal(new Set(await shown(server)).size, 1)
  await assert.rejects(imported(server, file, { palette: [W, K] }), /board p exists/)
})

test('[I30] any PNG: indexed, grey, 16 bits, interlaced, with alpha by half', async (t) => {
  const folder = tempFolder(t)
  const server = await HttpServer.start(t)
  const source = () =>
    sharp(Buffer.from([0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 128, 255, 255, 255, 127]), {
      raw: { width: 4, height: 1, channels: 4 },
    })
  const files = {
    indexed: source().png({ palette: true }),
    interlaced: source().png({ progressive: true }),
    grey: source().toColourspace('b-w').png(),
    deep: source().toColourspace('rgb16').png(),
  }
  for (const [name, picture] of Object.entries(files)) {
    const file = join(folder, name)
    await picture.toFile(file)
    assert.equal(await isPng(file), true)
    const { transparent } = await imported(server, file, { board: name })
    const { canvas } = server.services.boards.get(name)
    assert.deepEqual([transparent, canvas.info.palette], [1, [K, W]], name)
    assert.deepEqual([canvas.colorAt(0, 0), canvas.colorAt(1, 0), canvas.colorAt(2, 0)], [0, 1, 1], name)
  }
})

test('[I30] a picture larger than one request arrives whole; a broken one is an error', async (t) => {
  const side = 300
  const rows = Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => (x * y) % 200))
  const { server, file } = await setUp(t, rows)
  await imported(server, file)
  assert.deepEqual(await shown(server), rows.flat())
  const cut = join(tempFolder(t), 'cut.png')
  writeFileSync(cut, readFileSync(file).subarray(0, -2000))
  await assert.rejects(imported(server, cut, { board: 'q' }), /cannot read .*cut\.png/)
})

test('what is no PNG is none', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'short'), 'PNG')
  assert.deepEqual(await Promise.all(['short', 'absent'].map((name) => isPng(join(folder, name)))), [
    false,
    false,
  ])
})
