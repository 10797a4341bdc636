import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { spate } from '../../../test/support/cli.ts'
import { ADMIN_TOKEN, HttpServer } from '../../../test/support/http.ts'
import { imported } from '../../../test/support/import.ts'
import { bytesFile } from '../../../test/support/place-rows.ts'
import { realData } from '../../../test/support/real-data.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { wrap } from '../../boards/canvas/geometry.ts'

const sample = realData('place2022/concurrent_actions.csv.gz')

interface Row {
  readonly timeMs: number
  readonly author: string
  readonly rgb: string
  readonly cell: string
}

/** The file's rows by time, those of the same millisecond in the order of their lines. */
function rowsInOrder(): Row[] {
  const [, ...lines] = gunzipSync(readFileSync(sample.path)).toString().trimEnd().split('\n')
  const rows = lines.map((line) => {
    const [millis, author = '', argb = '', x, y] = line.split(',')
    return { timeMs: Number(millis), author, rgb: `#${argb.slice(2)}`, cell: `${x},${y}` }
  })
  return rows.sort((a, b) => a.timeMs - b.timeMs)
}

test('[I23] [I24] [I26] the real sample: last by time and line, again the same, and its export too', {
  skip: sample.skip,
}, async (t) => {
  const rows = rowsInOrder()
  const server = await HttpServer.start(t)
  const at = ['--board', 'sample', '--url', server.url, '--token', ADMIN_TOKEN]
  const run = await spate(tempFolder(t), 'board', 'import', ...at, sample.path)
  assert.equal(run.code, 0, run.stderr)
  assert.equal(
    run.stdout.toString(),
    `Made board sample: 2000×2000 at 0,0
32 colours; source place2022-hashid; 2022-04-01T13:07:20.427Z to 2022-04-05T00:13:45.555Z
  lines                   35,756
  refused                      0
  rows                    35,756
  cells                   35,756
  applied                 35,756
  superseded                   0
`,
  )

  const last = new Map(rows.map((row) => [row.cell, row]))
  const { canvas } = server.services.boards.get('sample')
  for (const [cell, { rgb, timeMs, author }] of last) {
    const [x = 0, y = 0] = cell.split(',').map(Number)
    const now = canvas.cellAt(wrap(x), wrap(y))
    const shown = `#${(canvas.info.palette[now.color] ?? 0).toString(16).padStart(6, '0').toUpperCase()}`
    const key = server.services.players.player(now.player)?.key
    assert.deepEqual([cell, shown, now.timeMs, key], [cell, rgb, timeMs, `s:place2022-hashid/${author}`])
  }
  const touched = canvas.chunks.reduce((sum, chunk) => {
    return sum + (chunk?.timesMs.reduce((count, timeMs) => count + (timeMs > 0 ? 1 : 0), 0) ?? 0)
  }, 0)
  assert.equal(touched, last.size, 'and no other cell was touched')

  const groups = Map.groupBy(rows, ({ timeMs, cell }) => `${timeMs} ${cell}`)
  const ties = [...groups.values()].filter((group) => group.length > 1)
  assert.equal(ties.length, 17_847)
  const spelled = rows.map(({ timeMs, author, rgb, cell }) => {
    const at = new Date(timeMs).toISOString().replace('T', ' ').replace('Z', ' UTC')
    return `${at},${author},${rgb},"${cell}"\n`
  })
  const csv = `timestamp,user_id,pixel_color,coordinate\n${spelled.join('')}`
  const get = async (path: string) => (await server.admin.get(`/api/boards/${path}`)).bytes
  const colors = async (board: string) => JSON.parse(String(await get(`${board}/digest`))).colors
  const before = await colors('sample')
  assert.ok((await get('sample/history.csv')).equals(Buffer.from(csv)), 'the log has their order')

  const file = bytesFile(tempFolder(t), 'export.csv', Buffer.from(csv))
  await imported(server, 'copy', [file], { source: 'place2022-hashid' })
  assert.equal(await colors('copy'), before)
  assert.ok((await get('copy/image.png')).equals(await get('sample/image.png')), 'the same image')
  assert.ok((await get('copy/history.csv')).equals(Buffer.from(csv)), 'the same export')

  const again = await imported(server, 'sample', [sample.path])
  assert.equal(await colors('sample'), before)
  assert.deepEqual([...(again.painted?.cells.verdicts.keys() ?? [])].sort(), ['accepted', 'superseded'])
})
