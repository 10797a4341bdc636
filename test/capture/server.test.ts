import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CapturingServer, eventually, SourceServer } from '../support/capturing.ts'
import { copyTemplate } from '../support/tables.ts'

test('[K20] a server follows another over the protocol of r/place, is killed, and goes on', async (t) => {
  const [source, copy] = await Promise.all([SourceServer.start(t, 3), CapturingServer.start(t)])
  await source.paint(0, 30)
  const begun = await copy.spate('capture', 'place', 'copy', '--page', source.page, '--rate', '1000')
  assert.equal(begun.code, 0, begun.stderr)
  assert.match(begun.stdout.toString(), /^following ws:.*\/query: one canvas, onto board copy\n$/)
  await source.paint(30, 60)
  const isSame = async (): Promise<boolean> => (await source.image()).equals(await copy.image('copy'))
  const allAuthors = async (): Promise<boolean> => {
    const { report } = await copy.capture('copy')
    return report.canvases.every(({ waiting, openAsks }) => waiting + openAsks === 0)
  }
  await eventually('the same cells', isSame)
  // A source tells the last author alone, and these are painted over below.
  await eventually('all authors until then', allAuthors)

  const painting = source.paint(90, 60)
  await copy.server.end('SIGKILL')
  await painting
  await copy.server.start()
  await eventually('the same cells as before', isSame)
  await eventually(
    'both connections',
    async () => (await copy.capture('copy')).report.canvases[0]?.connections === 2,
  )
  await eventually('all authors so far', allAuthors)
  await source.paint(150, 30)
  await eventually('the same cells after the kill', isSame)

  await eventually('all authors', allAuthors)
  const { state, report } = await copy.capture('copy')
  assert.equal(state, 'following')
  assert.equal(report.counts.starts, 2)
  const [canvas] = report.canvases
  assert.deepEqual(
    canvas?.holes.map(({ causes }) => causes),
    [['restarted']],
  )

  const info = (await copy.client.get('/api/captures/copy/info')).json<{ frames: Record<string, number> }>()
  assert.deepEqual(info.frames, {
    waiting: 0,
    stored: (canvas?.counts.fulls ?? 0) + (canvas?.counts.diffs ?? 0),
    expired: 0,
    missing: 0,
    failed: 0,
  })
  const [x, y] = [(179 * 7) % 64, (179 * 13) % 64]
  const pixel = (await copy.client.get(`/api/captures/copy/pixels/${x}/${y}`)).json<{
    changes: { name: string; player: string }[]
  }>()
  assert.deepEqual(
    pixel.changes.map(({ player }) => player),
    ['3', '2', '1'],
  )
})

test('[K24] tables that were removed come back the same, in a running server and by spate rebuild', async (t) => {
  const [source, copy] = await Promise.all([SourceServer.start(t, 2), CapturingServer.start(t)])
  const { dataFolder } = copy.server
  const begun = await copy.spate('capture', 'place', 'copy', '--page', source.page, '--rate', '1000')
  assert.equal(begun.code, 0, begun.stderr)
  await source.paint(0, 20)
  await eventually('all authors', async () => {
    const { report } = await copy.capture('copy')
    return report.canvases.every(
      ({ waiting, openAsks, counts }) => waiting + openAsks === 0 && counts.answered >= 20,
    )
  })
  assert.equal((await copy.spate('capture', 'stop', 'copy')).code, 0)
  const [rows, info] = [await pixels(copy), (await copy.client.get('/api/captures/copy/info')).text]
  assert.equal(rows.length, 20)
  await copy.server.end('SIGTERM')

  rmSync(join(dataFolder, 'state/tables'), { recursive: true })
  await copyTemplate(join(dataFolder, 'state/tables'))
  await copy.server.start()
  assert.deepEqual(await pixels(copy), rows)
  assert.equal((await copy.client.get('/api/captures/copy/info')).text, info)
  const refused = await copy.spate('rebuild')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /the data folder .* is in use by process/)
  await copy.server.end('SIGTERM')

  const rebuilt = await copy.spate('rebuild')
  assert.deepEqual([rebuilt.code, rebuilt.stdout.toString()], [0, 'made anew: copy\n'])
  assert.match((await copy.spate('rebuild', 'other')).stderr, /the log has no capture "other"/)
  await copy.server.start()
  assert.deepEqual(await pixels(copy), rows)
})

/** Of the first 20 cells that were painted. */
async function pixels(copy: CapturingServer): Promise<string[]> {
  const cells = Array.from({ length: 20 }, (_, n) => [(n * 7) % 64, (n * 13) % 64])
  const answers = await Promise.all(
    cells.map(([x, y]) => copy.client.get(`/api/captures/copy/pixels/${x}/${y}`)),
  )
  return answers.filter(({ text }) => text.includes('modifiedMs')).map(({ text }) => text)
}
