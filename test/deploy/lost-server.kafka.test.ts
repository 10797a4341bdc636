import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually, Fleet } from '../fleet/fleet.ts'
import { HttpClient } from '../support/http.ts'
import { ownPrefix } from '../support/kafka-topics.ts'
import { requires } from '../support/requires.ts'
import { serviceUrl } from '../support/services.ts'
import { Viewer } from '../support/viewer.ts'
import { startNginx } from './nginx.ts'
import { readers } from './readers.ts'

const WALL = { id: 'wall', width: 64, height: 64 }
const READERS = 100
const VIEWERS = 6
/** By then all that is of the present has to be fetched anew, from the server that is left. */
const AFTERWARDS_MS = 2_000

test('[O33] of three servers behind nginx two are killed: nobody who reads notices, viewers and painters go on', {
  skip: requires('nginx', 'kafka'),
}, async (t) => {
  const broker = serviceUrl('kafka')
  const fleet = new Fleet(`kafka://${broker}/${ownPrefix(t, broker)}?partitions=1`, {
    SPATE_TRUSTED_PROXIES: '127.0.0.1',
  })
  for (let i = 0; i < 3; i++) await fleet.add(t)
  await fleet.create(WALL)
  const nginx = await startNginx(t, { servers: fleet.servers.map(({ url }) => url) })
  const client = new HttpClient(nginx.url, {})
  const cookie = (await client.get('/api/me')).headers['set-cookie']?.split(';', 1)[0] ?? ''
  const painter = new HttpClient(nginx.url, { cookie })
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, () => Viewer.watch(t, nginx.url, 'wall')))
  const viewed = await Promise.all(fleet.servers.map(({ url }) => viewersAt(url)))
  assert.deepEqual(viewed, [2, 2, 2], 'sockets are spread over the servers')

  const { position: beginning } = (await client.get('/api/boards/wall')).json()
  let isOver = false
  const reading = ['image.png', `image.png?at=${beginning}`, 'chunks/0/0'].map((path) =>
    readers(READERS, `${nginx.url}/api/boards/wall/${path}`, () => isOver),
  )
  for (const lost of [0, 1]) {
    await fleet.servers[lost]?.end('SIGKILL')
    let position = 0
    // An edit that was on its way to the server that died is not sent again by nginx, but by the painter.
    await eventually(async () => {
      const answer = await painter.post('/api/boards/wall/edit', { x: lost, y: 1, c: 5 })
      if (answer.status === 200) position = Number(answer.json().position)
      return answer.status === 200
    })
    for (const viewer of viewers) {
      await viewer.reached(position)
      assert.equal(viewer.connection.replica.colorAt(lost, 1), 5)
    }
  }
  await pause(AFTERWARDS_MS)
  isOver = true
  for (const { requests, statuses, failures } of await Promise.all(reading)) {
    assert.ok(requests >= 2 * READERS)
    assert.deepEqual([failures, statuses], [[], new Set([200])])
  }
})

async function viewersAt(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^spate_viewers\{board="wall"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}
