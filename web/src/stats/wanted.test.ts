import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, NOTHING_ASKED } from './asked.ts'
import { measureOf } from './measures.ts'
import type { Place } from './place.ts'
import { isRolling, spanOf } from './spans.ts'
import { isLive, type Looked, tailOf, wantedOf } from './wanted.ts'

const NOW = 1_700_000_000
const BOARD: Place = { kind: 'board', board: 'lobby' }
const STEPS: Place = { kind: 'meter', meter: 'steps' }

function looked(place: Place, part: Partial<Asked>): Looked {
  const asked = { ...NOTHING_ASKED, ...part }
  const shown = spanOf(asked.shown, NOW, 1_600_000_000)
  const span = asked.span ?? shown
  const measure = measureOf(place, asked.measure)
  return {
    place,
    asked,
    measure,
    shown,
    isShownRolling: isRolling(asked.shown),
    span,
    zone: 'UTC',
    who: asked.who,
    dimension: asked.dimension,
  }
}

test('what ends now is asked for until now, and followed; what is past is asked for once', () => {
  const present = wantedOf(looked(STEPS, { shown: 'week' }))
  assert.equal(present.series, '/api/meters/steps/series?from=1699398000&to=now&by=hour&zone=UTC')
  assert.equal(present.leaders, '/api/meters/steps/top?from=1699398000&to=now&limit=10')
  assert.equal(present.live, '/api/meters/steps/live?from=1699398000&to=now&limit=10')
  const past = wantedOf(looked(STEPS, { shown: { from: 86_400, to: 172_799 }, unit: 'minute' }))
  assert.equal(past.series, '/api/meters/steps/series?from=86400&to=172799&by=minute&zone=UTC')
  assert.equal(past.leaders, '/api/meters/steps/top?from=86400&to=172799&limit=10')
  assert.equal(past.live, undefined)
})

test('a span chosen in the past of a chart that goes on: the stream only tells that something happened', () => {
  const now = looked(STEPS, { shown: 'week', span: { from: 1_699_500_000, to: 1_699_600_000 } })
  assert.ok(!isLive(now))
  const wanted = wantedOf(now)
  assert.equal(wanted.leaders, '/api/meters/steps/top?from=1699500000&to=1699600000&limit=10')
  assert.equal(wanted.live, '/api/meters/steps/live?from=1699398000&to=now&limit=100')
})

test('what survives is what there is at the end: everything up to it is added up, the chart goes on from before', () => {
  const span = { from: 1_699_500_000, to: 1_699_600_000 }
  const wanted = wantedOf(looked(BOARD, { measure: 'surviving', shown: span, earlier: 'before', who: '7' }))
  const meter = '/api/boards/lobby/meters/surviving'
  assert.equal(wanted.base, `${meter}/sum?from=0&to=1699499999`)
  assert.equal(wanted.ownBase, `${meter}/sum?from=0&to=1699499999&entity=7`)
  assert.equal(
    wanted.leaders,
    `${meter}/compare?from=0&to=1699600000&beforeFrom=0&beforeTo=1699499999&limit=10`,
  )
  assert.equal(
    wanted.ownStreak,
    '/api/boards/lobby/meters/placements/streaks?from=1699500000&to=1699600000&by=hour&zone=UTC&entity=7',
  )
  assert.equal(wanted.own, `${meter}/rank?from=0&to=1699600000&entity=7&neighbours=2`)
})

test('two spans are compared as long as each other, or as was asked', () => {
  const shown = { from: 1000, to: 1099 }
  const compare = (earlier: Asked['earlier']) => wantedOf(looked(STEPS, { shown, earlier })).leaders
  assert.equal(
    compare('before'),
    '/api/meters/steps/compare?from=1000&to=1099&beforeFrom=900&beforeTo=999&limit=10',
  )
  assert.equal(
    compare({ from: 5, to: 6 }),
    '/api/meters/steps/compare?from=1000&to=1099&beforeFrom=5&beforeTo=6&limit=10',
  )
})

test('filters narrow down every question of a meter', () => {
  const where = { team: 'a:b', device: 'ü' }
  const wanted = wantedOf(looked(STEPS, { where, dimension: 'team', who: 'Bob', shown: { from: 0, to: 9 } }))
  for (const path of [
    wanted.series,
    wanted.leaders,
    wanted.own,
    wanted.ownSeries,
    wanted.bands,
    wanted.values,
  ]) {
    const query = new URLSearchParams(path?.split('?')[1])
    assert.deepEqual(query.getAll('where'), ['team:a:b', 'device:ü'], path)
  }
})

test('streaks are of minutes, hours or days, as the span has some', () => {
  const by = (length: number) => {
    const { leaders } = wantedOf(looked(BOARD, { measure: 'streaks', shown: { from: 0, to: length - 1 } }))
    assert.match(leaders, /^\/api\/boards\/lobby\/meters\/placements\/streaks\?/)
    return new URLSearchParams(leaders.split('?')[1]).get('by')
  }
  assert.deepEqual([3600, 86_400, 7 * 86_400].map(by), ['minute', 'hour', 'day'])
})

test('boards are compared by the same meter over the same span', () => {
  const { versus } = wantedOf(
    looked(BOARD, { measure: 'cells', versus: ['other'], shown: { from: 0, to: 99 } }),
  )
  assert.deepEqual(versus, ['/api/boards/other/meters/cells/series?from=0&to=99&by=second&zone=UTC'])
})

test('the tail of a series is the same question from later on', () => {
  assert.equal(tailOf('/x/series?from=0&to=now&by=day', 86_400), '/x/series?from=86400&to=now&by=day')
})
