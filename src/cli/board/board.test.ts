import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { spate } from '../../../test/support/cli.ts'
import { HEADER_2022, HEADER_2023, linesFile } from '../../../test/support/place-rows.ts'
import { readPng } from '../../../test/support/png.ts'
import { ServerProcess } from '../../../test/support/server.ts'
import { tempFolder } from '../../../test/support/tmp.ts'

const [RED, BLACK, WHITE] = [0xff4500, 0x000000, 0xffffff]

/** A server that answers everything so. */
async function answering(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  // A TCP server's address is an AddressInfo.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('[I32] boards are made, listed, imported into, shown and exported on the server that runs', async (t) => {
  const server = await ServerProcess.start(t)
  const files = tempFolder(t)
  const run = (...args: string[]) => spate(server.dataFolder, 'board', ...args)

  const made = await run(
    ...[
      'create',
      'p',
      '--width',
      '3',
      '--height',
      '2',
      '--left',
      '-1',
      '--palette',
      '#FFFFFF,#FF4500,#000000',
    ],
    ...['--cooldown', '30', '--stack', '4', '--undo', '5', '--zone', '-1,0,3,2'],
  )
  assert.deepEqual(
    [made.code, made.stdout.toString(), made.stderr],
    [0, 'created p: 3×2 at -1,0, 3 colours\n', ''],
  )
  const again = await run('create', 'p', '--width', '3', '--height', '2')
  assert.deepEqual([again.code, again.stderr], [1, 'spate: there is a board "p" already\n'])

  const rows = linesFile(
    files,
    'rows.csv',
    HEADER_2022,
    '2022-04-01 12:44:10.315 UTC,ann,#FF4500,"0,0"',
    '2022-04-01 12:44:10.315 UTC,ann,#FF4500',
    '2022-04-01 12:44:12 UTC,ben,#000000,"0,0"',
    '2022-04-01 12:44:13 UTC,ben,#123456,"0,1"',
  )
  const imported = await run('import', '--board', 'p', rows)
  assert.equal(imported.code, 0, imported.stderr)
  assert.match(imported.stderr, /^reading: 0%, 0s$[\s\S]*^painting: 100%, \d+s$/m)
  assert.match(imported.stdout.toString(), /^ {2}refused +1 {2}wrong-field-count 1$/m)
  assert.match(imported.stdout.toString(), /^ {2}applied +2$/m)
  assert.match(imported.stdout.toString(), /rows\.csv:3: wrong-field-count: 2022-04-01 12:44:10\.315 UTC,ann/)
  assert.match(imported.stdout.toString(), /^ {2}no such colour +1 {2}first .*rows\.csv:5: #123456 1$/m)

  const [list, image, ndjson] = await Promise.all([
    run('list'),
    run('image', 'p', '--area', '0,0,2,1'),
    run('export', 'p', '--format', 'ndjson', '--out', join(files, 'p.ndjson')),
  ])
  assert.match(list.stdout.toString(), /^BOARD +SIZE +LEFT,TOP +COLOURS +COOLDOWN +POSITION +LAST CHANGE$/m)
  assert.match(list.stdout.toString(), /^p +3×2 +-1,0 +3 +30 s, stack of 4 +3 +\S+Z$/m)
  assert.deepEqual([...(await readPng(image.stdout)).rgb], [BLACK, WHITE])
  assert.deepEqual([ndjson.code, ndjson.stdout.toString(), ndjson.stderr], [0, '', ''])
  const lines = readFileSync(join(files, 'p.ndjson'), 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ kind, hex, player }) => [kind, hex, player?.key]),
    [
      ['painted', '#FF4500', 's:place2022/ann'],
      ['painted', '#000000', 's:place2022/ben'],
      ['end', undefined, undefined],
    ],
  )
})

test('[I32] without a server a command runs its own; the source’s own time can be looked at', async (t) => {
  const folder = tempFolder(t)
  const data = join(folder, 'data')
  const rows = linesFile(
    folder,
    'rows.csv',
    HEADER_2023,
    '2023-07-20 13:00:28 UTC,b,"-1,-1",#000000',
    '2023-07-20 13:00:26 UTC,mod,"-1,-1,1,0",#FF4500',
  )
  const imported = await spate(data, 'board', 'import', '--board', 'p', rows)
  assert.equal(imported.code, 0, imported.stderr)
  assert.match(imported.stdout.toString(), /^Made board p: 3×2 at -1,-1$/m)
  const before = await spate(data, 'board', 'image', 'p', '--at', '2023-07-20T13:00:27Z', '--out', '-')
  assert.deepEqual([...(await readPng(before.stdout)).rgb], Array(6).fill(RED))

  const csv = join(folder, 'p.csv')
  assert.equal((await spate(data, 'board', 'export', 'p', '--out', csv)).code, 0)
  const copied = await spate(data, 'board', 'import', '--board', 'q', csv)
  assert.equal(copied.code, 0, copied.stderr)
  const image = join(folder, 'q.png')
  assert.equal((await spate(data, 'board', 'export', 'q', '--format', 'png', '--out', image)).code, 0)
  const { width, rgb } = await readPng(readFileSync(image))
  assert.deepEqual([width, ...rgb], [3, BLACK, RED, RED, RED, RED, RED])

  const picture = await spate(data, 'board', 'import', '--board', 'r', '--at-x', '5', image)
  assert.equal(picture.code, 0, picture.stderr)
  assert.match(picture.stdout.toString(), /^Made board r: 3×2 at 5,0, 2 colours\n {2}pixels +6$/m)
  const shown = await spate(data, 'board', 'image', 'r')
  assert.deepEqual((await readPng(shown.stdout)).rgb, rgb)
})

test('[I32] nothing to read, a wrong option, a wrong mix of files: exit code 1 and why', async (t) => {
  const folder = tempFolder(t)
  const url = await answering(t, (_request, response) => response.writeHead(404).end())
  const text = linesFile(folder, 'text', 'once upon a time')
  const png = join(folder, 'a.png')
  await sharp({ create: { width: 2, height: 2, channels: 3, background: '#fff' } }).toFile(png)
  const cases: [args: string[], stderr: RegExp][] = [
    [['import', '--board', 'p', '--url', url, text], /^spate: nothing of this could be painted$/m],
    [['import', '--board', 'p', '--url', url, join(folder, 'absent')], /^spate: .*absent/m],
    [['import', '--board', 'p', '--url', url, png, text], /^spate: a PNG is imported on its own$/m],
    [['import', '--board', 'p', '--url', url, '--at-x', '3', text], /^spate: --at-x.* are for a PNG$/m],
    [['create', 'p', '--width', 'ten', '--height', '10'], /--width <cells>.*Expected a whole number/],
    [['create', 'p', '--width', '1', '--height', '1', '--palette', '#12'], /Expected a colour as #RRGGBB/],
  ]
  const runs = await Promise.all(cases.map(([args]) => spate(folder, 'board', ...args)))
  for (const [i, { code, stderr }] of runs.entries()) {
    assert.match(stderr, cases[i]?.[1] ?? /never/)
    assert.equal(code, 1)
  }
  assert.match(runs[0]?.stdout.toString() ?? '', /Damaged: .*text: unknown-format after line 1/)
})

test('[I28] [I32] an answer that breaks off leaves no file, whatever the format', async (t) => {
  const folder = tempFolder(t)
  const broken = await answering(t, (_request, response) => {
    response.write('timestamp,user_id,pixel_color,coordinate\n', () => response.destroy())
  })
  const short = await answering(t, (_request, response) => response.end('{"kind":"placed"}\n'))
  const out = (name: string) => ['--out', join(folder, name)]
  const [csv, ndjson, nobody] = await Promise.all([
    spate(folder, 'board', 'export', 'p', '--url', broken, ...out('csv')),
    spate(folder, 'board', 'export', 'p', '--url', short, '--format', 'ndjson', ...out('ndjson')),
    spate(folder, 'board', 'export', 'p', '--url', 'http://127.0.0.1:1', ...out('nobody')),
  ])
  assert.match(csv.stderr, /^spate: the server’s answer broke off: /)
  assert.equal(ndjson.stderr, 'spate: the server’s answer broke off\n')
  assert.match(nobody.stderr, /^spate: no answer from the server: /)
  assert.deepEqual([csv.code, ndjson.code, nobody.code], [1, 1, 1])
  for (const name of ['csv', 'csv.part', 'ndjson', 'ndjson.part', 'nobody']) {
    assert.equal(existsSync(join(folder, name)), false, name)
  }
})
