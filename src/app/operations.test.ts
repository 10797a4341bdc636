import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HttpServer } from '../../test/support/http.ts'
import { TestSocket } from '../../test/support/socket.ts'
import { MAX_BOARDS } from '../boards/boards.ts'
import { MAX_COLORS, MAX_LOCKS } from '../boards/canvas/rules.ts'
import { MAX_CLIENT_FRAME_BYTES, MAX_EDITS_A_FRAME, MAX_SUBSCRIBED_CHUNKS } from '../live/protocol.ts'
import { MAX_BUFFERED_BYTES } from '../live/viewer.ts'
import { MAX_TOKENS } from '../players/directory.ts'
import { MAX_NAME_CHARACTERS } from '../players/names.ts'
import { MAX_OBJECT_BYTES } from '../store/objects/port.ts'
import { configVariables } from './config.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/OPERATIONS.md'), 'utf8')

/** Cells of the table rows under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = DOCUMENT.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('[O20] the document lists every setting as --help does', () => {
  const rows = rowsUnder('Settings').slice(1)
  assert.deepEqual(
    rows,
    configVariables().map(({ name, fallback, about }) => [
      `\`${name}\``,
      fallback && `\`${fallback}\``,
      about,
    ]),
  )
})

test('[H23] the document lists every metric', async (t) => {
  const server = await HttpServer.withLobby(t)
  await TestSocket.open(t, `${server.url}/api/boards/lobby/live`)
  const { text } = await server.client().get('/metrics')
  const served = new Set([...text.matchAll(/^# HELP (spate_\w+)/gm)].map(([, name]) => name))
  const cells = rowsUnder('Health and metrics').map(([cell = '']) => cell)
  const listed = new Set(cells.flatMap((cell) => [...cell.matchAll(/`(spate_\w+)/g)].map(([, name]) => name)))
  assert.ok(served.size > 10)
  assert.deepEqual([...listed].sort(), [...served].sort())
})

test('[H26] the document’s limits are those of the code', () => {
  const limits = new Map(rowsUnder('Limits').map(([what = '', limit = '']) => [what, limit]))
  const grouped = (value: number): string => value.toLocaleString('en-US')
  for (const [what, limit] of [
    ['edits in a frame', grouped(MAX_EDITS_A_FRAME)],
    ['chunks in a subscription', grouped(MAX_SUBSCRIBED_CHUNKS)],
    ['frame of a client', `${grouped(MAX_CLIENT_FRAME_BYTES)} bytes`],
    ['held for a viewer who does not read', `${grouped(MAX_BUFFERED_BYTES)} bytes`],
    ['bytes of an object', grouped(MAX_OBJECT_BYTES)],
    ['boards', grouped(MAX_BOARDS)],
    ['colours of a board', grouped(MAX_COLORS)],
    ['locks of a board', grouped(MAX_LOCKS)],
    ['bearer tokens of a player', grouped(MAX_TOKENS)],
    ['characters of a name', grouped(MAX_NAME_CHARACTERS)],
  ] as const) {
    assert.equal(limits.get(what), limit, what)
  }
})

test('the document’s links lead somewhere', () => {
  const anchors = new Set(
    [...DOCUMENT.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-')),
  )
  const links = [...DOCUMENT.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor)
  assert.ok(links.length >= 6)
  assert.deepEqual(
    links.filter((anchor) => !anchors.has(anchor)),
    [],
  )
})
