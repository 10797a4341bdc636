import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { CAPTURE_GAUGES, jobReadings, type Reading } from './capture-metrics.ts'
import type { Place } from './compat/place/place.ts'
import type { HttpServices } from './services.ts'

const LABELS = ['board', 'code', 'capture', 'canvas', 'cause', 'kind', 'state']

/** What an operator watches, read when asked. */
export class Metrics {
  readonly #registry = new Registry()

  constructor(services: HttpServices, place: Place) {
    const { boards, rooms, players, meters, boardMeters, captures, clock, images, failures } = services
    collectDefaultMetrics({ register: this.#registry })
    const perRoom = (read: (stats: ReturnType<typeof rooms.all>[number]['room']['stats']) => number) => () =>
      rooms.all().map(({ board, room }) => ({ labels: { board }, value: read(room.stats) }))
    this.#gauge('spate_board_position', 'Position of the last folded record', () =>
      boards.all().map(({ id, canvas }) => ({ labels: { board: id }, value: canvas.position })),
    )
    this.#gauge('spate_board_stopped', '1 when the fold has stopped', () =>
      boards
        .all()
        .map(({ id, stopped }) => ({ labels: { board: id }, value: stopped === undefined ? 0 : 1 })),
    )
    this.#gauge('spate_board_cells', 'Intents and cells folded since the start', () =>
      boards.all().map(({ id, cellsFolded }) => ({ labels: { board: id }, value: cellsFolded })),
    )
    this.#gauge(
      'spate_viewers',
      'Connected viewers',
      perRoom(({ viewers }) => viewers),
    )
    this.#gauge('spate_place_followers', 'Connections over the protocol of r/place', () =>
      place.followers().map(({ board, followers }) => ({ labels: { board }, value: followers })),
    )
    this.#gauge(
      'spate_viewers_behind',
      'Viewers being caught up',
      perRoom(({ behind }) => behind),
    )
    this.#gauge(
      'spate_tick_ms',
      'Interval between live frames',
      perRoom(({ tickMs }) => tickMs),
    )
    this.#gauge(
      'spate_frames_sent',
      'Live frames written',
      perRoom(({ framesSent }) => framesSent),
    )
    this.#gauge(
      'spate_frames_skipped',
      'Frames withheld from slow viewers',
      perRoom(({ skips }) => skips),
    )
    this.#gauge(
      'spate_resyncs',
      'Viewers told to fetch chunks again',
      perRoom(({ resyncs }) => resyncs),
    )
    this.#gauge(
      'spate_viewer_held_bytes_max',
      'The most that is held for one viewer who does not read',
      perRoom(({ mostHeldBytes }) => mostHeldBytes),
    )
    this.#gauge('spate_board_meters_behind_seconds', 'How far a board’s meters are behind it', () =>
      boardMeters.states().map(({ board, behindMs }) => ({ labels: { board }, value: behindMs / 1000 })),
    )
    this.#gauge('spate_board_meters_stalled', '1 while nothing of a board is measured', () =>
      boardMeters.states().map(({ board, stalled, stopped }) => ({
        labels: { board },
        value: stalled === undefined && stopped === undefined ? 0 : 1,
      })),
    )
    this.#gauge(
      'spate_board_meters_process_deaths',
      'Times that the process that measures boards died',
      () => [{ labels: {}, value: boardMeters.processDeaths }],
    )
    this.#gauge('spate_meters_position', 'Position of the last record of meters that was stored', () => [
      { labels: {}, value: meters.position },
    ])
    for (const { name, help, read } of CAPTURE_GAUGES) {
      this.#gauge(name, help, () => read(captures.followed(), clock.now()))
    }
    this.#gauge('spate_jobs', 'Jobs that are not done, by kind and state', () => jobReadings(services))
    this.#gauge('spate_players', 'Players on record', () => [{ labels: {}, value: players.count }])
    this.#gauge('spate_images_encoded', 'Whole images encoded', () => [{ labels: {}, value: images.encodes }])
    this.#gauge('spate_problems', 'Problems answered since the start, by code', () =>
      [...failures.counts].map(([code, value]) => ({ labels: { code }, value })),
    )
  }

  #gauge(name: string, help: string, read: () => Reading[] | Promise<Reading[]>): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: LABELS,
      registers: [this.#registry],
      async collect() {
        const readings = await read()
        gauge.reset()
        for (const { labels, value } of readings) gauge.set(labels, value)
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
