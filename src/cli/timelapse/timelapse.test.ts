import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { spate } from '../../../test/support/cli.ts'
import { HEADER_2022, linesFile } from '../../../test/support/place-rows.ts'
import { requires } from '../../../test/support/requires.ts'
import { ServerProcess } from '../../../test/support/server.ts'
import { tempFolder } from '../../../test/support/tmp.ts'

/** What the four cells of the board show after each of its four rows, a minute apart. */
const SEEN = [
  [0xff4500, 0xffffff, 0xffffff, 0xffffff],
  [0xff4500, 0x000000, 0xffffff, 0xffffff],
  [0xff4500, 0x000000, 0x2450a4, 0xffffff],
  [0xff4500, 0x000000, 0x2450a4, 0x00a368],
]

async function eventOfFourMinutes(t: TestContext) {
  const server = await ServerProcess.start(t)
  const files = tempFolder(t)
  const run = (...args: string[]) => spate(server.dataFolder, ...args)
  const rows = linesFile(
    files,
    'rows.csv',
    HEADER_2022,
    '2022-04-01 12:00:00 UTC,ann,#FF4500,"0,0"',
    '2022-04-01 12:01:00 UTC,ann,#000000,"1,0"',
    '2022-04-01 12:02:00 UTC,ben,#2450A4,"0,1"',
    '2022-04-01 12:03:00 UTC,ben,#00A368,"1,1"',
  )
  const { code, stderr } = await run('board', 'import', '--board', 'p', rows)
  assert.equal(code, 0, stderr)
  return { files, run }
}

for (const format of ['webp', 'gif'] as const) {
  test(`[I40] a film becomes a ${format} that is there once it is whole, and the progress is told`, async (t) => {
    const { files, run } = await eventOfFourMinutes(t)
    const out = join(files, `p.${format}`)
    const film = await run('timelapse', 'p', '--seconds', '0.4', '--fps', '10', '--scale', '3', '--out', out)
    assert.deepEqual([film.code, film.stdout.toString()], [0, ''], film.stderr)
    assert.match(film.stderr, /^filming: 100%, \d+s$/m)
    assert.deepEqual(readdirSync(files).sort(), [`p.${format}`, 'rows.csv'])
    const { width, pageHeight, pages, delay } = await sharp(out, { animated: true }).metadata()
    assert.deepEqual([width, pageHeight, pages, delay], [6, 6, 4, [100, 100, 100, 100]])
    const rgb = await sharp(out, { animated: true }).removeAlpha().raw().toBuffer()
    assert.deepEqual(framesOf(rgb, 6, 6, 3), SEEN)
  })
}

/** The middle of each of the four cells, frame by frame. */
function framesOf(rgb: Buffer, width: number, height: number, scale: number): number[][] {
  return Array.from({ length: rgb.length / (width * height * 3) }, (_, frame) =>
    [0, 1, 2, 3].map((cell) => {
      const x = (cell & 1) * scale + (scale >> 1)
      const y = (cell >> 1) * scale + (scale >> 1)
      return rgb.readUIntBE(((frame * height + y) * width + x) * 3, 3)
    }),
  )
}

test('[I40] speed, span and area say what is filmed; standard output takes it too', async (t) => {
  const { run } = await eventOfFourMinutes(t)
  const span = ['--from', '2022-04-01T12:01:00Z', '--to', '2022-04-01T12:03:00Z']
  const area = ['--left', '0', '--top', '1', '--width', '2', '--height', '1']
  const film = await run(
    ...['timelapse', 'p', ...span, ...area, '--speed', '60', '--fps', '1'],
    ...['--format', 'gif', '--out', '-'],
  )
  assert.equal(film.code, 0, film.stderr)
  const { width, pageHeight, pages, delay } = await sharp(film.stdout, { animated: true }).metadata()
  assert.deepEqual([width, pageHeight, pages, delay], [2, 1, 3, [1000, 1000, 1000]])
})

test('[I40] what cannot be filmed is said, and leaves no file', async (t) => {
  const { files, run } = await eventOfFourMinutes(t)
  const out = join(files, 'p.webp')
  const refusals = [
    [['nope', '--out', out], 'there is no board "nope"'],
    [['p', '--out', join(files, 'p.avi')], '--format: one of webp, gif, mp4, webm'],
    [['p', '--out', out, '--from', '2021-01-01'], 'from: the board did not exist then'],
    [['p', '--out', '-', '--format', 'mp4'], 'a video is written to a file: name it with --out'],
  ] as const
  for (const [args, message] of refusals) {
    const { code, stderr } = await run('timelapse', ...args)
    assert.deepEqual([code, stderr], [1, `spate: ${message}\n`])
  }
  const nowhere = await run('timelapse', 'p', '--out', join(files, 'no', 'p.webp'))
  assert.match(nowhere.stderr, /^spate: cannot write .*ENOENT/m)
  assert.deepEqual(readdirSync(files), ['rows.csv'])
})

test('[I40] a video without ffmpeg is refused before anything is filmed', async (t) => {
  const files = tempFolder(t)
  const path = process.env.PATH
  process.env.PATH = files
  const film = spate(files, 'timelapse', 'p', '--out', join(files, 'p.mp4'))
  process.env.PATH = path
  const { code, stderr } = await film
  assert.deepEqual(
    [code, stderr],
    [1, 'spate: MP4 and WebM need ffmpeg on the PATH; GIF and WebP need nothing\n'],
  )
})

for (const format of ['mp4', 'webm'] as const) {
  test(`[I40] ffmpeg makes the frames a ${format}`, { skip: requires('ffmpeg') }, async (t) => {
    const { files, run } = await eventOfFourMinutes(t)
    const out = join(files, `p.${format}`)
    const film = await run('timelapse', 'p', '--seconds', '0.4', '--fps', '10', '--scale', '33', '--out', out)
    assert.deepEqual([film.code, film.stdout.toString()], [0, ''], film.stderr)
    assert.deepEqual(readdirSync(files).sort(), [`p.${format}`, 'rows.csv'])
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1']
    const rgb = execFileSync('ffmpeg', ['-loglevel', 'error', '-i', out, ...raw])
    const frames = framesOf(rgb, 66, 66, 33)
    assert.equal(frames.length, SEEN.length)
    // A video's colours are near.
    frames.flat().forEach((rgb, i) => {
      const expected = SEEN.flat()[i] ?? 0
      for (const shift of [0, 8, 16]) {
        const off = ((rgb >> shift) & 0xff) - ((expected >> shift) & 0xff)
        assert.ok(Math.abs(off) < 24, `cell ${i}: ${rgb.toString(16)} for ${expected.toString(16)}`)
      }
    })
  })
}

test('[I40] what ffmpeg refuses is said in its words', { skip: requires('ffmpeg') }, async (t) => {
  const { files, run } = await eventOfFourMinutes(t)
  const { code, stderr } = await run('timelapse', 'p', '--out', join(files, 'no', 'p.mp4'))
  assert.equal(code, 1)
  assert.match(stderr, /spate: cannot make .*p\.mp4: .*No such file/is)
})
