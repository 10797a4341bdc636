import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NODE_ENV, NODE_FLAGS } from '../../../scripts/node.mjs'
import { spate } from '../../../test/support/cli.ts'
import { ServerProcess } from '../../../test/support/server.ts'
import { tempFolder } from '../../../test/support/tmp.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const T = 1_458_061_005

interface FeedRun {
  readonly code: number | null
  readonly stderr: string
}

/** Feeds lines to the server that has the data folder. */
async function feed(dataFolder: string, lines: readonly string[], ...args: string[]): Promise<FeedRun> {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'meters', 'feed', ...args], {
    env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_DATA: dataFolder },
    stdio: ['pipe', 'inherit', 'pipe'],
  })
  child.stdin.end(lines.join('\n'))
  const [stderr, [code]] = await Promise.all([
    Array.fromAsync(child.stderr as AsyncIterable<Buffer>),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stderr: Buffer.concat(stderr).toString() }
}

function metric(part: object): string {
  const whole = { thing: 'steps', uid: 1, atid: 2, aid: 3, value: 10, ts1: T, ts2: T, ...part }
  return JSON.stringify({ command: 'metric', metric: whole })
}

function count(thing: string, value: number): string {
  return JSON.stringify({ command: 'count', count: { thing, value, ts: T } })
}

test('[I50] meters are declared, listed and asked in readable tables, or as JSON', async (t) => {
  const server = await ServerProcess.start(t)
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await spate(server.dataFolder, 'meters', ...args)
    assert.equal(code, 0, stderr)
    return stdout.toString()
  }
  const declared = await run(
    'declare',
    'steps',
    '--dimensions',
    'kind',
    '--keep',
    'second=3600',
    '--late',
    '999999999',
  )
  assert.equal(declared, 'declared steps, by kind\n')
  assert.match(
    await run('list'),
    /^METER +DIMENSIONS +ENTITIES +KEEPS +LATE +FUTURE\nsteps +kind +0 +second 3600 s +999999999 s +86400 s\n$/,
  )
  const add = (entity: string, kind: string, amount: number | string) => ({
    meter: 'steps',
    entity,
    dimensions: [kind],
    second: T,
    amount,
  })
  const written = await fetch(`${server.url}/api/meters/writes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await server.adminToken()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ writes: [add('ann', 'run', 5), add('ben', 'walk', '9007199254740993')] }),
  })
  assert.equal(written.status, 200)
  const day = ['--from', '2016-03-15', '--to', '2016-03-15']
  const both = await Promise.all([
    run('sum', 'steps', 'ann', 'ben', ...day),
    run('sum', 'steps', '--where', 'kind:run', ...day, '--json'),
    run('top', 'steps', '--limit', '1', ...day),
    run('top', 'steps', '--limit', '1'),
    run('rank', 'steps', 'ann', ...day),
    run('series', 'steps', 'ann', '--from', '2016-03-15', '--to', '2016-03-16', '--zone', 'Europe/Berlin'),
  ])
  const head = '2016-03-15T00:00:00Z to 2016-03-15T23:59:59Z\n'
  const SINCE = '2016-03-15T16:56:45Z'
  assert.deepEqual(both, [
    `${head}ENTITY  CALLED               SUM\nann                            5\nben             9007199254740993\n`,
    `{"from":1458000000,"to":1458086399,"sums":[{"entity":null,"sum":5}]}\n`,
    `${head}RANK  ENTITY  CALLED               SUM  SINCE\n   1  ben             9007199254740993  ${SINCE}\n`,
    `of all time\nRANK  ENTITY  CALLED               SUM  SINCE\n   1  ben             9007199254740993  ${SINCE}\n`,
    `${head}RANK  ENTITY  CALLED               SUM  SINCE\n   1  ben             9007199254740993  ${SINCE}\n   2  ann                            5  ${SINCE}\n`,
    `2016-03-14T23:00:00Z to 2016-03-16T22:59:59Z\nFROM                  TO                    SUM\n2016-03-14T23:00:00Z  2016-03-15T22:59:59Z    5\n2016-03-15T23:00:00Z  2016-03-16T22:59:59Z    0\n`,
  ])
  const failed = await Promise.all([
    spate(server.dataFolder, 'meters', 'top', 'nothing'),
    spate(server.dataFolder, 'meters', 'top', 'steps', '--from', 'soon'),
    spate(server.dataFolder, 'meters', 'feed', '--topic', 'x'),
    spate(server.dataFolder, 'meters', 'declare', 'x', '--keep', 'week=5'),
  ])
  assert.deepEqual(
    failed.map(({ code }) => code),
    [1, 1, 1, 1],
  )
  assert.equal(failed[0]?.stderr, 'spate: there is no meter nothing\n')
  assert.match(failed[3]?.stderr ?? '', /Expected one of second, minute/)
})

test('[I50] single writes: an amount, a count, a total; with a key once', async (t) => {
  const server = await ServerProcess.start(t)
  const run = (...args: string[]) => spate(server.dataFolder, 'meters', ...args)
  const told = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 0, stderr)
    return stdout.toString()
  }
  await told('declare', 'steps', '--dimensions', 'kind,shoe', '--late', '999999999')
  const by = ['--dimension', 'shoe=old', '--dimension', 'kind=run']
  const at = ['--at', '2016-03-15T16:56:45Z', ...by]
  assert.equal(
    await told('add', 'steps', 'ann', '7', ...at),
    'added 7 for ann in steps at 2016-03-15T16:56:45Z\n',
  )
  await told('add', 'steps', 'ann', ...at, '--', '-2')
  await told('count', 'steps', 'ann', ...at)
  for (let i = 0; i < 2; i++) await told('count', 'steps', 'ann', '10', ...at, '--key', 'once')
  assert.equal(
    await told(
      'total',
      'steps',
      'ben',
      '9007199254740993',
      '--from',
      '2016-03-15',
      '--to',
      '2016-03-15',
      ...by,
    ),
    'ben has 9007199254740993 in steps from 2016-03-15T00:00:00Z to 2016-03-15T23:59:59Z\n',
  )
  const sums = await told('sum', 'steps', 'ann', 'ben', '--where', 'kind:run', '--json')
  assert.deepEqual((JSON.parse(sums) as { sums: unknown }).sums, [
    { entity: 'ann', sum: 16 },
    { entity: 'ben', sum: '9007199254740993' },
  ])
  const refused = await Promise.all([
    run('add', 'steps', 'ann', '1.5', ...by),
    run('add', 'steps', 'ann', '1', '--dimension', 'kind=run'),
    run('add', 'steps', 'ann', '1', '--at', 'soon', ...by),
    run('add', 'nothing', 'ann', '1'),
  ])
  assert.deepEqual(
    refused.map(({ code }) => code),
    [1, 1, 1, 1],
  )
  assert.match(refused[0]?.stderr ?? '', /Expected a whole number/)
  assert.equal(
    refused[1]?.stderr,
    'spate: steps has the dimensions kind, shoe: expected a --dimension for each of them\n',
  )
  assert.match(refused[2]?.stderr ?? '', /^spate: --at: expected seconds since 1970/)
  assert.equal(refused[3]?.stderr, 'spate: there is no meter nothing\n')
})

test('[I51] messages are written, also as a batch is refused for one of them; what cannot be taken is told why', async (t) => {
  const server = await ServerProcess.start(t)
  const lines = [
    metric({}),
    'poison',
    '',
    metric({ uid: 2, value: '9007199254740993' }),
    metric({ thing: 'karma' }),
    metric({ uid: 3, ts2: 4_000_000_000, mode: 'increment' }),
    '{"command":"metric","metric":{"thing":"steps","uid":4,"atid":2,"aid":3,"value":9007199254740993,"ts1":1,"ts2":1}}',
    '{"command":"dance"}',
    metric({ value: undefined }),
    metric({ ts1: T + 1 }),
    count('newsignup', 3),
    count('x', 3),
    metric({ uid: 1, value: 25, ts1: T, ts2: T + 5 }),
  ]
  const { code, stderr } = await feed(server.dataFolder, lines)
  assert.equal(code, 0, stderr)
  const told = stderr.trimEnd().split('\n')
  assert.equal(told.pop(), 'taken 5, set aside 7')
  assert.deepEqual(
    told
      .map((line) => JSON.parse(line))
      .map(({ line, reason, message }) => [line, reason, message])
      .sort(([a], [b]) => a - b),
    [
      [2, 'no JSON', 'poison'],
      [5, 'there is no such meter', lines[4]],
      [6, 'this lies further ahead than the meter takes', lines[5]],
      [8, 'expected a message with the command metric or count', lines[7]],
      [9, 'invalid arguments', lines[8]],
      [10, 'timestamp was invalid', lines[9]],
      [12, 'invalid arguments', lines[11]],
    ],
  )
  const sums = async (meter: string) => {
    const answer = await fetch(`${server.url}/api/meters/${meter}/top`)
    const { places } = (await answer.json()) as { places: { entity: string; sum: number | string }[] }
    return places.map(({ entity, sum }) => `${entity} ${sum}`).sort()
  }
  assert.deepEqual(await sums('psd.steps'), ['1 25', '2 9007199254740993', '4 9007199254740993'])
  assert.deepEqual(await sums('psd.counts'), ['newsignup 3'])
})

test('[I52] with a bookmark an input that is fed again, longer, is gone on with', async (t) => {
  const server = await ServerProcess.start(t)
  const folder = tempFolder(t)
  const bookmark = join(folder, 'bookmark')
  const rejects = join(folder, 'rejects')
  const day = [count('newsignup', 1), 'poison', count('newsignup', 2)]
  const fed = (lines: readonly string[]) =>
    feed(server.dataFolder, lines, '--bookmark', bookmark, '--rejects', rejects)
  assert.equal((await fed(day)).stderr, 'taken 2, set aside 1\n')
  assert.equal((await fed(day)).stderr, 'taken 0, set aside 0\n')
  assert.equal((await fed([...day, count('newsignup', 4)])).stderr, 'taken 1, set aside 0\n')
  const other = await fed(['something else', ...day])
  assert.deepEqual([other.code, /another than the one that the bookmark is of/.test(other.stderr)], [1, true])
  assert.equal(readFileSync(rejects, 'utf8'), '{"line":2,"reason":"no JSON","message":"poison"}\n')
  assert.ok(!existsSync(`${bookmark}.part`))
  const answer = await fetch(`${server.url}/v1/readcount/newsignup/${T}/${T}`)
  assert.equal(await answer.text(), '7')
})

test('[I53] a feed that is told to end is done with what it has begun, and says where a server does not answer', async (t) => {
  const server = await ServerProcess.start(t)
  const started = (...args: string[]) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'meters', 'feed', ...args], {
      env: { ...NODE_ENV, PATH: process.env.PATH ?? '', SPATE_DATA: server.dataFolder },
      stdio: ['pipe', 'inherit', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    return child
  }
  const idle = started()
  idle.stdin.write('poison\n')
  const [told] = (await once(idle.stderr, 'data')) as [Buffer]
  assert.match(told.toString(), /"reason":"no JSON"/)
  idle.kill('SIGINT')
  const [said, ended] = await Promise.all([once(idle.stderr, 'data'), once(idle, 'exit')])
  assert.deepEqual([String(said[0]), ...ended], ['taken 0, set aside 1\n', 0, null])

  const lost = started('--url', 'http://127.0.0.1:9')
  lost.stdin.write(`${count('newsignup', 1)}\n`)
  const [waiting] = (await once(lost.stderr, 'data')) as [Buffer]
  assert.match(waiting.toString(), /^waiting: no answer from the server/)
  lost.kill('SIGTERM')
  assert.deepEqual(await once(lost, 'exit'), [1, null])
})
