import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { eventually } from '../support/capturing.ts'
import { HttpServer } from '../support/http.ts'

interface View {
  readonly state: string
  readonly problem: string | null
}

const KINDS = {
  feed: (url: string) => ({ url: `${url}/api/boards/lobby/edits` }),
  spate: (url: string) => ({ url, board: 'lobby' }),
  place: (url: string) => ({
    pageUrl: `${url}/compat/place/lobby/`,
    queryUrl: `${url.replace('http', 'ws')}/compat/place/lobby/query`,
  }),
} as const

for (const [kind, settingsOf] of Object.entries(KINDS)) {
  test(`[K25] of two servers that follow the same ${kind} the one that began last goes on, both report`, async (t) => {
    const log = new MemoryLog(systemClock)
    const [source, first, second] = await Promise.all([
      HttpServer.withLobby(t),
      HttpServer.start(t, { log }),
      HttpServer.start(t, { log }),
    ])
    const settings = settingsOf(source.url)
    const view = async (server: HttpServer): Promise<View> => {
      const answer = await server.admin.get('/api/captures/river')
      return answer.status === 200 ? answer.json<View>() : { state: '', problem: null }
    }
    const reaches = (server: HttpServer, state: string) =>
      eventually(state, async () => (await view(server)).state === state)
    await first.admin.put('/api/captures/river', { kind, settings })
    await reaches(first, 'following')
    assert.equal((await view(second)).state, 'ended')
    await second.admin.put('/api/captures/river', { kind, settings })
    await reaches(second, 'following')
    await reaches(first, 'stopped')
    assert.match((await view(first)).problem ?? '', /another server has begun to follow/)
    const reports = await Promise.all(
      [first, second].map(async (server) =>
        (await server.client().get('/api/captures/river/report')).json<{ source: string }>(),
      ),
    )
    assert.ok(reports.every((report) => report.source.includes(new URL(source.url).host)))
    assert.equal(reports[0]?.source, reports[1]?.source)
  })
}
