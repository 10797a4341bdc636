import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { boardStream } from '../../src/boards/host.ts'
import { parseKafkaAddress } from '../../src/log/kafka/address.ts'
import { KafkaLog } from '../../src/log/kafka.ts'
import { START } from '../../src/log/port.ts'
import { LEDGER_BOARD, Ledger } from '../crash/ledger.ts'
import { type Painter, painters, paintSteadily } from '../crash/painters.ts'
import { spate } from '../support/cli.ts'
import { ownKafka } from '../support/own-kafka.ts'
import type { OwnService } from '../support/own-service.ts'
import { requires } from '../support/requires.ts'
import { ServerProcess } from '../support/server.ts'
import { tempFolder } from '../support/tmp.ts'
import { Viewer } from '../support/viewer.ts'
import { digestOf, eventually, Fleet } from './fleet.ts'

const SERVERS = 3
const PAINTERS = 3
const EDITS_A_SECOND = 2000
const LOAD_MS = 1500
/** Longer than an append is waited for. */
const SILENCE_MS = 7500
const ALL = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }

/** A crowd over all servers, which comes back to a server that comes back. */
class Crowd {
  readonly ledger = new Ledger()
  readonly #fleet: Fleet
  readonly #crews = new Map<number, Painter[]>()
  readonly #stops = new Map<number, () => void>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  async paintAt(server: number): Promise<void> {
    const crew = await painters(this.#fleet.servers[server]?.url ?? '', this.ledger, PAINTERS)
    this.#crews.set(server, crew)
    this.#stops.set(server, paintSteadily(crew, EDITS_A_SECOND / SERVERS))
  }

  async lose(server: number): Promise<void> {
    this.#stops.get(server)?.()
    await Promise.all((this.#crews.get(server) ?? []).map(({ closed }) => closed))
  }

  /** Resolves when an edit at each server is acknowledged. */
  async acknowledged(): Promise<void> {
    for (const crew of this.#crews.values()) await eventually(async () => (await crew[0]?.paint(1)) === true)
  }

  stop(): void {
    for (const stop of this.#stops.values()) stop()
  }
}

async function afterwards(
  t: TestContext,
  broker: OwnService,
  log: string,
  fleet: Fleet,
  crowd: Crowd,
): Promise<void> {
  crowd.stop()
  await crowd.acknowledged()
  const digest = await fleet.digest(LEDGER_BOARD.id)
  await fleet.add(t)
  assert.deepEqual(await fleet.digest(LEDGER_BOARD.id), digest, 'a server made anew comes to the same')
  await using kafka = await KafkaLog.open(parseKafkaAddress(log), join(tempFolder(t), 'kafka'), systemClock)
  const records = await kafka.read(boardStream(LEDGER_BOARD.id), START, ALL)
  const held = crowd.ledger.check(records)
  const { sent, acknowledged, doubted } = crowd.ledger
  t.diagnostic(
    `${broker.url}: ${sent} sent, ${acknowledged} acknowledged, ${doubted} in doubt, ${held} in the log`,
  )
}

test('[O30] servers and the broker are killed under load: all that was acknowledged is there once, and all agree', {
  skip: requires('kafka'),
}, async (t) => {
  const broker = await ownKafka(t)
  const log = `kafka://${broker.url}/fleet?partitions=4`
  const fleet = new Fleet(log)
  await Promise.all(Array.from({ length: SERVERS }, () => fleet.add(t)))
  await fleet.create(LEDGER_BOARD)
  const crowd = new Crowd(fleet)
  const viewers = await Promise.all(fleet.servers.map(({ url }) => Viewer.watch(t, url, LEDGER_BOARD.id)))
  for (const server of fleet.servers.keys()) await crowd.paintAt(server)
  await pause(LOAD_MS)

  await t.test('a server', async () => {
    await fleet.servers[1]?.end('SIGKILL')
    await crowd.lose(1)
    await fleet.servers[1]?.start()
    await crowd.paintAt(1)
    await crowd.acknowledged()
  })

  await t.test(
    'the broker: writes are refused with the time to try again, reads go on, all resumes by itself',
    async () => {
      await broker.kill()
      const url = `${fleet.servers[0]?.url}/api/boards/${LEDGER_BOARD.id}`
      const visit = await fetch(`${fleet.servers[0]?.url}/api/me`)
      const cookie = visit.headers.get('set-cookie')?.split(';')[0] ?? ''
      const headers = { 'content-type': 'application/json', cookie }
      const body = JSON.stringify({ x: 1, y: 1, c: 1 })
      const refused = await fetch(`${url}/edit`, { method: 'POST', headers, body })
      assert.equal(refused.status, 503)
      assert.ok(Number(refused.headers.get('retry-after')) >= 1)
      assert.equal((await fetch(`${url}/image.png`)).status, 200)
      const { position } = viewers[0]?.connection ?? { position: 0 }
      await broker.start()
      await crowd.acknowledged()
      await viewers[0]?.reached(position + 1)
    },
  )

  await t.test('both', async () => {
    await broker.kill()
    await fleet.servers[2]?.end('SIGKILL')
    await crowd.lose(2)
    await broker.start()
    await fleet.servers[2]?.start()
    await crowd.paintAt(2)
    await crowd.acknowledged()
  })

  await t.test(
    'a broker that is silent for longer than it is waited for, and then writes what it was sent',
    async () => {
      await broker.pause()
      await pause(SILENCE_MS)
      broker.resume()
      await crowd.acknowledged()
    },
  )

  await afterwards(t, broker, log, fleet, crowd)
  const digest = await fleet.digest(LEDGER_BOARD.id)
  await t.test('the archive alone makes the same board, on a log of its own', async () => {
    const into = join(tempFolder(t), 'restored')
    await fleet.admin('POST', '/api/archive/seal')
    const restored = await spate(fleet.servers[0]?.dataFolder ?? '', 'restore', '--into', into)
    assert.equal(restored.code, 0, restored.stderr)
    const embedded = await ServerProcess.start(t, { SPATE_DATA: into })
    assert.deepEqual(await digestOf(embedded.url, LEDGER_BOARD.id), digest)
  })
  for (const viewer of viewers) {
    await viewer.reached(digest.position)
    assert.equal(viewer.colors, digest.colors)
  }
})
