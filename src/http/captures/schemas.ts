import { Type } from 'typebox'

const Url = (protocols: string) => Type.String({ pattern: `^(${protocols})://`, maxLength: 2000 })
const Milliseconds = Type.Integer({ minimum: 1, maximum: 24 * 3600 * 1000 })
const HeaderName = "^[!#-'*+.^-z|~-]{1,100}$"
const Headers = Type.Record(Type.String({ pattern: HeaderName }), Type.String({ maxLength: 8192 }))
const Subprotocols = Type.Array(Type.String({ pattern: HeaderName }), { maxItems: 8 })
const Name = Type.String({ minLength: 1, maxLength: 200 })

/** What of {@link PlaceSettings} may be said; none has to be. */
export const PlaceSettingsSchema = Type.Object(
  {
    pageUrl: Type.Optional(Type.Union([Url('https?'), Type.Null()])),
    token: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 8192 }), Type.Null()])),
    queryUrl: Type.Optional(Url('wss?')),
    historyUrl: Type.Optional(Type.Union([Url('wss?'), Type.Null()])),
    frameHosts: Type.Optional(Type.Array(Name, { maxItems: 64 })),
    headers: Type.Optional(Headers),
    subprotocols: Type.Optional(Subprotocols),
    teamOwner: Type.Optional(Name),
    configCategory: Type.Optional(Name),
    canvasCategory: Type.Optional(Name),
    lines: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
    silenceMs: Type.Optional(Milliseconds),
    configSilenceMs: Type.Optional(Milliseconds),
    quietMs: Type.Optional(Milliseconds),
    connectMs: Type.Optional(Milliseconds),
    acknowledgeMs: Type.Optional(Milliseconds),
    retryFirstMs: Type.Optional(Milliseconds),
    retryMostMs: Type.Optional(Milliseconds),
    stableMs: Type.Optional(Milliseconds),
    breakMs: Type.Optional(Milliseconds),
    patienceMs: Type.Optional(Milliseconds),
    refreshEveryMs: Type.Optional(Milliseconds),
    downloads: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    downloadTries: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    downloadMs: Type.Optional(Milliseconds),
    historySockets: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    historyRequestsPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10_000 })),
    historyMs: Type.Optional(Milliseconds),
    historyWaiting: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  { additionalProperties: false },
)

const FEED_SETTINGS = {
  headers: Type.Optional(Headers),
  connectMs: Type.Optional(Milliseconds),
  silenceMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 24 * 3600 * 1000 })),
  retryFirstMs: Type.Optional(Milliseconds),
  retryMostMs: Type.Optional(Milliseconds),
  stableMs: Type.Optional(Milliseconds),
}

/** What of {@link FeedSettings} may be said. */
export const FeedSettingsSchema = Type.Object(
  {
    url: Url('https?|wss?'),
    ...FEED_SETTINGS,
    subprotocols: Type.Optional(Subprotocols),
    greetings: Type.Optional(Type.Array(Type.String({ maxLength: 65_536 }), { maxItems: 64 })),
    idPointer: Type.Optional(Type.Union([Type.String({ pattern: '^(/|$)', maxLength: 1000 }), Type.Null()])),
    idOrder: Type.Optional(
      Type.Union([Type.Literal('consecutive'), Type.Literal('growing'), Type.Literal('opaque')]),
    ),
    resumes: Type.Optional(Type.Boolean()),
    resumeParameter: Type.Optional(Type.Union([Name, Type.Null()])),
    gapEvents: Type.Optional(Type.Array(Name, { maxItems: 64 })),
  },
  { additionalProperties: false },
)

/** What of {@link SpateSettings} may be said. */
export const SpateSettingsSchema = Type.Object(
  {
    url: Url('https?'),
    board: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }),
    source: Type.Optional(Type.String({ pattern: '^[a-z0-9._-]{1,32}$' })),
    ...FEED_SETTINGS,
  },
  { additionalProperties: false },
)

export const WantedSchema = Type.Union([
  Type.Object(
    { kind: Type.Literal('place'), settings: Type.Optional(PlaceSettingsSchema) },
    { additionalProperties: false },
  ),
  Type.Object(
    { kind: Type.Literal('spate'), settings: SpateSettingsSchema },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('feed'), settings: FeedSettingsSchema }, { additionalProperties: false }),
])

export const CaptureParams = Type.Object({ name: Type.String({ maxLength: 64 }) })

const Coordinate = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
export const PixelParams = Type.Object({ ...CaptureParams.properties, x: Coordinate, y: Coordinate })

const Span = Type.Object({ fromMs: Type.Number(), toMs: Type.Number() })
const Lag = Type.Object({ p50Ms: Type.Number(), p99Ms: Type.Number() })
const Counts = Type.Record(Type.String(), Type.Integer())

const Canvas = Type.Object({
  canvas: Type.Integer(),
  dx: Type.Integer(),
  dy: Type.Integer(),
  seen: Type.Optional(Span),
  covered: Type.Array(Span),
  holes: Type.Array(Type.Object({ ...Span.properties, causes: Type.Array(Type.String()) })),
  coveredShare: Type.Number(),
  holeMs: Type.Number(),
  waiting: Type.Integer(),
  openAsks: Type.Integer(),
  connections: Type.Integer(),
  lastFrame: Type.Union([Type.Object({ url: Type.String(), arrivedMs: Type.Number() }), Type.Null()]),
  messageLag: Lag,
  boardLag: Lag,
  counts: Counts,
})

export const ReportSchema = Type.Object({
  name: Type.String(),
  source: Type.String(),
  beganMs: Type.Number(),
  position: Type.Integer(),
  counts: Type.Object({
    messages: Type.Integer(),
    bytes: Type.Integer(),
    others: Type.Integer(),
    opened: Type.Integer(),
    starts: Type.Integer(),
    closed: Counts,
  }),
  unknownColors: Type.Array(Type.String()),
  canvases: Type.Array(Canvas),
})

const { covered: _covered, holes: _holes, ...canvasTotals } = Canvas.properties

const STATUS = {
  name: Type.String(),
  kind: Type.String(),
  state: Type.Union(['following', 'connecting', 'stopped', 'ended'].map((state) => Type.Literal(state))),
  problem: Type.Union([Type.String(), Type.Null()], { description: 'for the organiser alone' }),
  waiting: Type.Union([
    Type.Object({
      downloads: Type.Integer(),
      asks: Type.Integer(),
      rawBytes: Type.Integer(),
      isStalled: Type.Boolean(),
    }),
    Type.Null(),
  ]),
  tablesPosition: Type.Union([Type.Integer(), Type.Null()]),
}

/** One capture with all its holes. */
export const CaptureSchema = Type.Object({ ...STATUS, report: ReportSchema })

/** One of a list: its holes are counted. */
export const CaptureLineSchema = Type.Object({
  ...STATUS,
  report: Type.Object({
    ...ReportSchema.properties,
    canvases: Type.Array(Type.Object({ ...canvasTotals, holes: Type.Integer() })),
  }),
})
