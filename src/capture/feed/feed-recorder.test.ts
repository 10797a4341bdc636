import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultyProxy } from '../../../test/support/faulty-proxy.ts'
import { TestFeed } from '../../../test/support/feeds.ts'
import { HttpServer } from '../../../test/support/http.ts'
import { ScriptedFeed } from '../../../test/support/scripted-feed.ts'
import { reportText } from '../report.ts'
import { feedEventOf } from './event-blocks.ts'
import { FeedFold } from './fold.ts'
import type { FeedSettings } from './settings.ts'

const CONSECUTIVE = { idOrder: 'consecutive' } as const

async function fed(t: Parameters<typeof TestFeed.open>[0], part: Partial<FeedSettings> = {}) {
  const source = await ScriptedFeed.open(t)
  const feed = await TestFeed.open(t, source.url, part)
  await source.until(() => source.connections === 1)
  source.send('one')
  source.send('two')
  await feed.until('two', () => feed.line.lastFrame?.url === '2')
  return { source, feed }
}

async function lost(source: ScriptedFeed): Promise<void> {
  source.drop()
  await source.until(() => source.connections === 0)
}

test('[K41] a feed that goes on after the last id has no hole, whatever ends its connections', async (t) => {
  const { source, feed } = await fed(t, CONSECUTIVE)
  for (let i = 0; i < 3; i++) {
    await lost(source)
    source.send(`missed ${i}`)
    await source.until(() => source.connections === 1)
    source.send(`live ${i}`)
    await feed.until('all', () => feed.line.lastFrame?.url === String(source.kept.length))
  }
  assert.deepEqual(
    (await feed.messages()).map((text) => text),
    source.kept.map((data, i) => `id: ${i + 1}\ndata: ${data}\n\n`),
  )
  assert.deepEqual(source.asked, [undefined, '2', '4', '6'])
  assert.deepEqual(feed.holes, [])
  assert.equal(feed.line.counts.diffs, 8)
})

test('[K42] ids that do not follow each other are a hole that counts them', async (t) => {
  const { source, feed } = await fed(t, CONSECUTIVE)
  source.send('nobody hears', false)
  source.send('nor this', false)
  source.send('five')
  await feed.until('five', () => feed.line.lastFrame?.url === '5')
  assert.deepEqual([feed.holes, feed.line.counts.missing], [['skipped'], 2])
  const text = reportText(feed.recorder.report(), 'feed')
  assert.match(text, /^feed: \d+\.\d{3} % covered, 1 holes/m)
  assert.match(text, /3 messages with an id, 0 twice, 2 missing by their ids; the last is "5"/)
  source.resumes = false
  await lost(source)
  source.send('six')
  await source.until(() => source.connections === 1)
  source.send('seven')
  await feed.until('seven', () => feed.line.lastFrame?.url === '7')
  assert.deepEqual([feed.holes, feed.line.counts.missing], [['skipped', 'lost'], 3])
  // A feed that begins to count anew.
  source.kept.length = 0
  source.send('one again')
  source.say('id: 500\ndata: and far away\n\n')
  await feed.until('500', () => feed.line.lastFrame?.url === '500')
  assert.equal(feed.line.counts.duplicates, 1)
  source.say('id: 400\ndata: back\n\n')
  await feed.until('400', () => feed.line.lastFrame?.url === '400')
  assert.equal(feed.holes.at(-1), 'mismatch')
})

test('[K42] what repeats itself is no hole, and an event by which a feed says that it left something out is one', async (t) => {
  const { source, feed } = await fed(t, { idOrder: 'growing', gapEvents: ['resync'] })
  source.say('id: 2\ndata: two\n\n')
  source.say(': ka\nid: 9\n\n')
  await feed.until('9', () => feed.line.lastFrame?.url === '9')
  assert.deepEqual([feed.holes, feed.line.counts.duplicates], [[], 1])
  source.say('event: resync\nid: 12\ndata: {}\n\n')
  await feed.until('12', () => feed.line.lastFrame?.url === '12')
  assert.deepEqual(feed.holes, ['skipped'])
})

test('[K42] without ids every time between two connections is a hole with its causes', async (t) => {
  const source = await ScriptedFeed.open(t)
  const feed = await TestFeed.open(t, source.socketUrl, { greetings: ['subscribe'] })
  await source.until(() => source.heard.length === 1)
  source.say('a')
  source.say('b')
  await feed.until('b', () => feed.recorder.report().counts.messages === 2)
  const beforeMs = feed.line.seen!.toMs
  source.refusals = { status: 429, times: 0 }
  await lost(source)
  await source.until(() => source.heard.length === 2)
  source.say('c')
  await feed.until('c', () => feed.recorder.report().counts.messages === 3)
  const [hole] = feed.line.holes
  assert.deepEqual([hole?.causes, hole?.fromMs], [['lost'], beforeMs])
  assert.ok(hole !== undefined && hole.toMs >= beforeMs && hole.toMs <= feed.line.seen!.toMs)
  assert.deepEqual(await feed.messages(), ['a', 'b', 'c'])
})

test('[K41] of a WebSocket the id is found by a JSON pointer, and given back as a parameter', async (t) => {
  const source = await ScriptedFeed.open(t)
  const part = {
    idPointer: '/meta/id',
    idOrder: 'consecutive',
    resumes: true,
    resumeParameter: 'from',
  } as const
  const feed = await TestFeed.open(t, source.socketUrl, part)
  await source.until(() => source.connections === 1)
  source.send('one')
  await feed.until('one', () => feed.line.lastFrame?.url === '1')
  await lost(source)
  source.send('two')
  await feed.until('two', () => feed.line.lastFrame?.url === '2')
  assert.deepEqual([source.asked, feed.holes], [[undefined, '1'], []])
})

test('[K41] a connection that is refused, silent or no feed is made again, and a wish to wait is granted', async (t) => {
  const { source, feed } = await fed(t, { silenceMs: 150 })
  await feed.until('silence', () => (feed.recorder.report().counts.closed.silent ?? 0) > 0)
  source.refusals = { status: 503, times: 1, retryAfter: '1' }
  const since = performance.now()
  await lost(source)
  await source.until(() => source.connections === 1)
  assert.ok(performance.now() - since >= 990)
  source.send('three')
  await feed.until('three', () => feed.line.lastFrame?.url === '3')
  assert.equal(feed.recorder.report().counts.closed.limited, 1)
  assert.deepEqual([feed.holes, feed.stops], [[], []])
})

test('[K43] a recorder that is started again goes on after the last id; folded anew its report is the same', async (t) => {
  const { source, feed } = await fed(t)
  await feed.end()
  source.send('meanwhile')
  await feed.start()
  await feed.until('three', () => feed.line.lastFrame?.url === '3')
  assert.deepEqual([feed.holes, source.asked], [[], [undefined, '2']])
  await feed.end()
  source.resumes = false
  source.send('lost to us')
  await feed.start()
  await source.until(() => source.connections === 1)
  source.say('data: without an id\n\n')
  source.send('five')
  await feed.until('five', () => feed.line.lastFrame?.url === '5')
  const fold = await feed.foldedAnew()
  assert.deepEqual(fold.report('changes'), feed.recorder.report())
  assert.deepEqual(FeedFold.load(JSON.parse(JSON.stringify(fold)))?.report('changes'), fold.report('changes'))
  assert.equal(fold.position, feed.recorder.report().position)
})

test('[K41] a board of ours is kept by its edits, over connections that break in the middle of an event', async (t) => {
  const server = await HttpServer.withLobby(t)
  let cuts = 0
  const proxy = await faultyProxy(t, server.url, () => ({ cutAfterBytes: 200 + 37 * cuts++ }))
  const feed = await TestFeed.open(t, `${proxy}/api/boards/lobby/edits?v=0`, {
    idOrder: 'growing',
    gapEvents: ['resync'],
  })
  const painter = await server.visitor()
  await painter.place(39, 3, 1)
  await feed.until('an id', () => feed.line.lastFrame !== null)
  // Until then a recorder has nothing to go on after.
  const before = feed.holes
  for (let i = 0; i < 40; i++) await painter.place(i, 3, i % 16)
  const { position, info } = server.services.boards.get('lobby').canvas
  await feed.until('the last edit', () => Number(feed.line.lastFrame?.url) >= position)
  const shown = new Array<number>(40).fill(info.background)
  for (const message of await feed.messages()) {
    const { event, data } = feedEventOf(Buffer.from(message))
    if (event !== 'message' || data === undefined) continue
    for (const [x, , color] of JSON.parse(data).edits) shown[x] = color
  }
  const { canvas } = server.services.boards.get('lobby')
  assert.deepEqual(
    shown,
    shown.map((_, x) => canvas.colorAt(x, 3)),
  )
  assert.ok((feed.recorder.report().counts.closed.lost ?? 0) > 2)
  assert.deepEqual(feed.holes, before)
})
