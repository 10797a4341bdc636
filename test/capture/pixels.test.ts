import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CapturingServer, eventually, SourceServer } from '../support/capturing.ts'

interface Pixel {
  readonly x: number
  readonly y: number
  readonly changes: readonly {
    readonly modifiedMs: number
    readonly player: string | null
    readonly name: string | null
    readonly colour: string | null
  }[]
}

test('[K59] who changed a pixel of another Spate is told with every author, the latest first', async (t) => {
  const [source, copy] = await Promise.all([SourceServer.start(t, 3), CapturingServer.start(t)])
  const begun = await copy.spate('capture', 'spate', 'copy', source.server.url, '--board', 'event')
  assert.equal(begun.code, 0, begun.stderr)
  // The first and the last are of one cell, by two players.
  const beforeMs = Date.now()
  await source.paint(0, 65)
  const pixel = async (): Promise<Pixel> => {
    const answer = await copy.client.get('/api/captures/copy/pixels/0/0')
    assert.equal(answer.status, 200, answer.text)
    return answer.json<Pixel>()
  }
  await eventually('both changes', async () => (await pixel()).changes.length === 2)
  const { changes, ...cell } = await pixel()
  assert.deepEqual(cell, { x: 0, y: 0 })
  const told = changes.map(({ player, name, colour }) => [player, name, colour])
  assert.equal(new Set(told.map(([player]) => player)).size, 2)
  const palette = (await copy.client.get('/api/boards/copy')).json<{ palette: readonly number[] }>().palette
  const rgb = (index: number): string => `#${palette[index]?.toString(16).padStart(6, '0')}`
  assert.deepEqual(
    told.map(([, , colour]) => colour),
    [rgb(5), rgb(1)],
  )
  const [last, first] = changes.map(({ modifiedMs }) => modifiedMs)
  assert.ok(last !== undefined && first !== undefined && beforeMs <= first && first < last)

  const shown = await copy.spate('capture', 'pixel', 'copy', '0', '0')
  assert.equal(shown.code, 0, shown.stderr)
  const lines = shown.stdout.toString().trim().split('\n')
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(/ {2,}/).slice(0, 2)),
    changes.map(({ modifiedMs, colour }) => [new Date(modifiedMs).toISOString(), colour]),
  )
  const nothing = await copy.spate('capture', 'pixel', 'copy', '--', '-1', '-1')
  assert.equal(nothing.stdout.toString(), 'nothing is known of -1,-1\n', nothing.stderr)

  const info = await copy.client.get('/api/captures/copy/info')
  assert.equal(info.status, 200, info.text)
  const { cells, answered } = info.json<{ cells: number; answered: number }>()
  assert.deepEqual([cells, answered], [65, 65])
  const asked = await copy.spate('capture', 'pixel', 'copy', '0', '0', '--ask')
  assert.equal(asked.code, 1)
  assert.match(asked.stderr, /another Spate tells of every pixel by itself/)
})

test('[K59] a feed has no pixels, and says so', async (t) => {
  const copy = await CapturingServer.start(t)
  const wanted = { kind: 'feed', settings: { url: 'ws://127.0.0.1:9/' } }
  assert.equal((await (await copy.admin()).put('/api/captures/river', wanted)).status, 204)
  for (const args of [[], ['--ask']]) {
    const { code, stderr } = await copy.spate('capture', 'pixel', 'river', '0', '0', ...args)
    assert.equal(code, 1)
    assert.match(stderr, /a feed has no pixels/)
  }
  const answer = await copy.client.get('/api/captures/river/pixels/0/0')
  assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [400, 'invalid'])
  await eventually('it has begun', async () => (await copy.capture('river')).report.source !== '')
  const info = await copy.client.get('/api/captures/river/info')
  assert.equal(info.status, 200, info.text)
  assert.equal(info.json<{ cells: number }>().cells, 0)
})
